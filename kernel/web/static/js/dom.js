// The few helpers that every module of ours uses.

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Calls `fn(event, element)` for events that happen inside elements matching `selector`, now and later. */
export function on(type, selector, fn, options) {
  document.addEventListener(type, (event) => {
    const element = event.target.closest?.(selector);
    if (element) fn(event, element);
  }, options);
}

/** Runs `fn` once the document is there. */
export function ready(fn) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', fn, { once: true });
  else fn();
}
