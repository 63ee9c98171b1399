// What the shell and the components need beyond HTML. Pages work without it.
// Everything listens on the document, so markup that arrives later needs no attaching.
import { relative, t } from './i18n.js';
import './inputs.js';
import './palette.js';
import { $, $$, on, ready } from './dom.js';

export { $, $$, on, ready } from './dom.js';

const root = document.documentElement;

// ---- talking to the server -------------------------------------------------------------------------------

export const csrf = () => $('meta[name="csrf-token"]')?.content ?? '';

/** POST a form's worth of data (object, FormData) with the page's token; resolves to the Response. */
export function post(url, data = {}, options = {}) {
  const body = data instanceof FormData ? data : new URLSearchParams(data);
  return fetch(url, { method: 'POST', body, ...options, headers: { 'X-CSRF-Token': csrf(), ...options.headers } });
}

// htmx sends the token with everything that changes something
document.addEventListener('htmx:config:request', (event) => {
  const request = event.detail.ctx.request;
  if (request.method && request.method.toUpperCase() !== 'GET') request.headers['X-CSRF-Token'] = csrf();
});

// ---- toasts ----------------------------------------------------------------------------------------------

const STAY = 6000;

function leave(toast) {
  let timer = setTimeout(() => toast.remove(), STAY);
  toast.addEventListener('pointerenter', () => clearTimeout(timer));
  toast.addEventListener('pointerleave', () => { timer = setTimeout(() => toast.remove(), STAY / 2); });
}

/** Small good news. `action` is {label, run} and undoes it. Never the only place of an error. */
export function toast(text, kind = 'ok', action = null) {
  const el = document.createElement('div');
  el.className = `toast ${kind}`;
  const words = document.createElement('span');
  words.textContent = text;
  el.append(words);
  if (action) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn link';
    button.textContent = action.label;
    button.addEventListener('click', () => { el.remove(); action.run(); });
    el.append(button);
  }
  $('#toasts')?.append(el);
  leave(el);
  return el;
}

on('click', 'button[data-toast]', (event, el) => toast(el.dataset.toast));

on('click', '[data-copy]', async (event, el) => {
  await navigator.clipboard.writeText(el.dataset.copy);
  toast(t('Copied'));
});

// ---- dialogs ---------------------------------------------------------------------------------------------

const knowsCommands = 'command' in HTMLButtonElement.prototype;

on('click', 'button[commandfor], [data-dialog]', (event, el) => {
  if (knowsCommands && !el.dataset.dialog) return;
  const dialog = document.getElementById(el.dataset.dialog || el.getAttribute('commandfor'));
  if (el.getAttribute('command') === 'close') dialog?.close();
  else dialog?.showModal();
});

// a click on the backdrop arrives at the dialog itself; the box inside covers the rest
on('click', 'dialog.dlg', (event, dialog) => {
  if (event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right
    && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) dialog.close();
});

// ---- theme -----------------------------------------------------------------------------------------------

on('submit', '[data-theme-form]', (event) => {
  event.preventDefault();
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  remember('theme', root.dataset.theme);
});

export function remember(name, value) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
}

// ---- time zone: the device's is taken on the first visit ---------------------------------------------------

const hasCookie = (name) => document.cookie.split('; ').some((c) => c.startsWith(`${name}=`));

on('change', 'select[data-tz]', (event, select) => {
  remember('tz', select.value);
  if ('submit' in select.dataset) select.form.requestSubmit();
});

function takeZone() {
  if (hasCookie('tz')) return;
  const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!guess) return;
  const select = $('select[data-tz]');
  const asked = new URLSearchParams(location.search).has('tz');
  // Browsers know some places by an older name (Asia/Calcutta), which the list leaves out.
  if (select && guess.includes('/') && !guess.startsWith('Etc/') && ![...select.options].some((o) => o.value === guess)) {
    select.add(new Option(guess.split('/').at(-1).replaceAll('_', ' '), guess));
  }
  if (select && !asked && select.value !== guess && [...select.options].some((o) => o.value === guess)) {
    select.value = guess;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  } else {
    remember('tz', guess);
  }
}

// htmx takes up the select's own request in a timer that it sets when it is loaded: ours has to come after.
addEventListener('load', () => setTimeout(takeZone));

// ---- forms -----------------------------------------------------------------------------------------------

const busy = new WeakSet();

function free(form) {
  busy.delete(form);
  for (const el of $$('[aria-busy="true"]', form)) if (el.matches('button')) el.removeAttribute('aria-busy');
}

// one press is enough: the button turns, a second submit is ignored
on('submit', 'form[method="post"]', (event, form) => {
  if (event.defaultPrevented || 'noBusy' in form.dataset) return;
  if (busy.has(form)) {
    event.preventDefault();
    return;
  }
  busy.add(form);
  event.submitter?.setAttribute('aria-busy', 'true');
  setTimeout(() => free(form), 15000);
});

document.addEventListener('htmx:finally:request', (event) => {
  const form = event.target.closest?.('form');
  if (form) free(form);
});

addEventListener('pageshow', (event) => {
  if (event.persisted) for (const form of document.forms) free(form);
});

function showErrors(part) {
  const summary = $('.error-summary', part);
  if (summary) summary.focus();
}

on('click', '.error-summary a', (event, link) => {
  const target = document.getElementById(link.hash.slice(1));
  const control = target?.matches('fieldset') ? $('input', target) : target;
  if (!control) return;
  event.preventDefault();
  control.focus();
  control.scrollIntoView({ block: 'center' });
});

// ---- charts ----------------------------------------------------------------------------------------------

let tip;

function showTip(mark) {
  if (!tip) {
    tip = document.createElement('div');
    tip.className = 'menu tip';
    tip.popover = 'manual';
    tip.ariaHidden = 'true';
    document.body.append(tip);
  }
  tip.textContent = mark.dataset.tip;
  if (!tip.matches(':popover-open')) tip.showPopover();
  const box = mark.getBoundingClientRect();
  const centred = box.left + box.width / 2 - tip.offsetWidth / 2;
  tip.style.left = `${Math.max(8, Math.min(innerWidth - tip.offsetWidth - 8, centred))}px`;
  tip.style.top = `${Math.max(8, box.top - tip.offsetHeight - 4)}px`;
}

document.addEventListener('pointerover', (event) => {
  const mark = event.target.closest?.('[data-tip]');
  if (mark) showTip(mark);
  else if (tip?.matches(':popover-open')) tip.hidePopover();
});

// ---- moments ---------------------------------------------------------------------------------------------

const two = (n) => String(n).padStart(2, '0');

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`;
}

function tick() {
  for (const el of $$('time[data-relative]')) {
    const seconds = (Date.parse(el.dateTime) - Date.now()) / 1000;
    if (Math.abs(seconds) >= 86400) continue; // the server's words have the right form for far-off times
    const text = relative(seconds);
    if (el.textContent !== text) el.textContent = text;
  }
}

function tock() {
  for (const el of $$('time[data-countdown]')) {
    const seconds = (Date.parse(el.dateTime) - Date.now()) / 1000;
    if (seconds > 86400) continue;
    const over = seconds <= 0;
    const text = over && el.dataset.done ? el.dataset.done : clock(seconds);
    if (el.textContent !== text) el.textContent = text;
    if (over && !('over' in el.dataset)) {
      el.dataset.over = '';
      el.dispatchEvent(new CustomEvent('greenroom:countdown', { bubbles: true }));
    }
  }
}

setInterval(tock, 1000);
setInterval(tick, 30000);

// ---- shell -----------------------------------------------------------------------------------------------

// an open drawer must not stay in the top layer when the window grows
matchMedia('(max-width: 60rem)').addEventListener('change', () => {
  const side = $('#side');
  if (side?.matches(':popover-open')) side.hidePopover();
});

function arrive(part) {
  tick();
  tock();
  showErrors(part);
}

ready(() => {
  for (const el of $$('[data-toast-shown]')) leave(el);
  arrive(document);
});

document.addEventListener('htmx:after:swap', (event) => arrive(event.target?.querySelector ? event.target : document));
