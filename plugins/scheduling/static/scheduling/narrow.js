// A long list of boxes to tick: what is typed above leaves those whose words contain it.
import { on, $$ } from '@greenroom/ui';

on('input', '[data-narrow]', (event, input) => {
  const wanted = input.value.trim().toLocaleLowerCase();
  for (const label of $$(input.dataset.narrow)) {
    label.hidden = !label.textContent.toLocaleLowerCase().includes(wanted) && !label.querySelector('input').checked;
  }
});

// Enter looks for nothing further; it must not save what is half chosen.
on('keydown', '[data-narrow]', (event) => {
  if (event.key === 'Enter') event.preventDefault();
});
