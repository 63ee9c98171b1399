// The booking page works without this. It remembers 12 or 24 hours, keeps the focus on the chosen day after a swap,
// and lets another day's arrow keys go on where the last one ended.
import { on, remember } from '@greenroom/ui';

on('click', '.slots-head .seg a', (event, link) => {
  const clock = new URL(link.href, location.href).searchParams.get('clock');
  if (clock === '12' || clock === '24') remember('clock', clock);
});

// After a swap the focused day is another element: give the focus to the one that is chosen now.
let kept = null;

document.addEventListener('htmx:before:swap', () => {
  const active = document.activeElement;
  if (active?.matches('a.day')) kept = active.dataset.date;
  else if (active?.matches('[data-key]')) kept = active.dataset.key;
  else kept = null;
});

document.addEventListener('htmx:after:swap', () => {
  if (!kept || document.activeElement?.matches('a.day, [data-key]')) return;
  const found = document.querySelector(`a.day[data-date="${kept}"]`)
    ?? document.querySelector(`a[data-key="${kept}"]`)
    ?? document.querySelector('a.day[aria-current]');
  found?.focus();
  kept = null;
});
