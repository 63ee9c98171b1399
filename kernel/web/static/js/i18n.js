// Words, dates and numbers in the page's language. Messages are English here and come translated with the page
// (`ui.texts([...])` in its head block names them), so no catalogue is loaded.
const root = document.documentElement;

export const lang = root.lang || 'en';
export const zone = root.dataset.zone || undefined;

let words;

function load() {
  words = {};
  for (const meta of document.querySelectorAll('meta[name="greenroom-texts"]')) {
    Object.assign(words, JSON.parse(meta.content));
  }
}

/** The English `message` in the page's language, `{placeholders}` filled in. */
export function t(message, values = {}) {
  if (!words) load();
  return (words[message] ?? message).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Picks one of `{one, other, ...}` by the plural rule of the language and fills in `{n}`. */
export function plural(forms, n) {
  const rule = new Intl.PluralRules(lang).select(n);
  return (forms[rule] ?? forms.other).replace('{n}', new Intl.NumberFormat(lang).format(n));
}

export function dateTime(when, options = { dateStyle: 'medium', timeStyle: 'short' }) {
  return new Intl.DateTimeFormat(lang, { timeZone: zone, ...options }).format(new Date(when));
}

const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60]];

/** "in 12 minutes", "yesterday"; `seconds` from now. */
export function relative(seconds) {
  const words_ = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return words_.format(Math.round(seconds / size), unit);
  }
  return words_.format(Math.round(seconds), 'second');
}

export function number(value, options = {}) {
  return new Intl.NumberFormat(lang, options).format(value);
}

/** An amount in minor units; the currency knows its own digits. */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(lang, { style: 'currency', currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** "4.2 MB" */
export function bytes(size) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const step = size > 0 ? Math.min(3, Math.floor(Math.log(size) / Math.log(1000))) : 0;
  return number(size / 1000 ** step, { style: 'unit', unit: units[step], unitDisplay: 'short', maximumFractionDigits: 1 });
}
