// The bell: fills its panel when it is opened, and keeps the count true while the page is open.
// One page per browser listens to the server; it tells the others, since connections are few.
import { $, on, post, ready } from '@greenroom/ui';

const PAUSE = 300;
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('greenroom:notifications') : null;

const bell = () => $('[data-bell]');
const panel = () => $('#ntf-panel');

let source = null;
let letGo = null;
let stale = false;
let timer = 0;

// ---- the panel -------------------------------------------------------------------------------------------

function showCount({ count, waiting, label }) {
  for (const mark of document.querySelectorAll('[data-bell-count]')) {
    mark.textContent = count;
    mark.hidden = waiting === '0';
  }
  for (const el of document.querySelectorAll('[data-bell-label]')) el.textContent = label;
  bell().dataset.seen = waiting;
}

async function fill() {
  const box = panel();
  stale = false;
  try {
    const answer = await fetch(box.dataset.src, { headers: { 'X-Passive': '1', Accept: 'text/html' } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    box.innerHTML = await answer.text(); // our own server's markup
    showCount($('[data-bell-state]', box).dataset);
    delete box.dataset.failed;
  } catch {
    stale = true;
    if (!$('[data-bell-state]', box) && !box.dataset.failed) {
      box.dataset.failed = '';
      box.replaceChildren(...[...box.children].filter((el) => el.matches('template')));
      box.prepend($('template', box).content.cloneNode(true));
    }
  }
}

function changed() {
  if (document.hidden) {
    stale = true;
    return;
  }
  clearTimeout(timer);
  timer = setTimeout(fill, PAUSE);
}

document.addEventListener('toggle', (event) => {
  if (event.target.id === 'ntf-panel' && event.newState === 'open') fill();
}, true);

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && stale) fill();
});

on('submit', '[data-bell-form]', async (event, form) => {
  event.preventDefault();
  await post(form.action);
  await fill();
  channel?.postMessage('changed');
  $('h2', panel())?.scrollIntoView({ block: 'nearest' });
});

// ---- hearing of changes ----------------------------------------------------------------------------------

function listen() {
  if (source) return;
  const first = new URL(bell().dataset.stream, location.href);
  first.searchParams.set('seen', bell().dataset.seen);
  source = new EventSource(first);
  source.onmessage = () => {
    changed();
    channel?.postMessage('changed');
  };
}

function stop() {
  source?.close();
  source = null;
  letGo?.();
  letGo = null;
}

function takePart() {
  if (!bell() || source || letGo) return;
  if (!navigator.locks) {
    listen();
    return;
  }
  // Held until the page goes; then the next page that waits takes over.
  navigator.locks.request('greenroom:notifications', () => new Promise((resolve) => {
    letGo = resolve;
    listen();
  })).catch(() => {});
}

ready(() => {
  if (!bell()) return;
  if (channel) channel.onmessage = changed;
  takePart();
});

addEventListener('pagehide', stop);
addEventListener('pageshow', (event) => {
  if (event.persisted && bell()) {
    takePart();
    changed();
  }
});
