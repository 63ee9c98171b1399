// The week editor works without this: an emptied range is left out when the form is saved.
// With it, the week can be painted: a grid of half hours over the same time fields, which stay what is sent.
import { on, ready } from '@greenroom/ui';

on('click', '[data-drop-range]', (event, button) => {
  const range = button.closest('.sch-range');
  const day = range.closest('.sch-day');
  range.remove();
  (day.querySelector('.sch-range input') ?? day.querySelector('.sch-acts button')).focus();
  day.dispatchEvent(new Event('change', { bubbles: true }));
});

const CELL = 30;
const ROWS = 1440 / CELL;

const minutes = (text) => {
  const found = /^(\d\d):(\d\d)/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
};
const clock = (value) => `${String(Math.floor(value / 60) % 24).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`;

class Week {
  constructor(host, form) {
    this.host = host;
    this.days = [...form.querySelectorAll('.sch-day')];
    this.open = this.days.map(() => new Uint8Array(1440));
    this.cells = this.days.map(() => []);
    this.at = [0, 18];
    this.paint = null;
    this.build();
    this.read();
  }

  build() {
    const { host } = this;
    host.setAttribute('role', 'grid');
    host.setAttribute('aria-label', host.dataset.label);
    host.setAttribute('aria-describedby', host.dataset.help);
    const hour = new Intl.DateTimeFormat(document.documentElement.lang, { hour: 'numeric', timeZone: 'UTC' });
    const head = this.row('head');
    head.append(this.quiet('columnheader', host.dataset.label));
    for (const day of this.days) {
      const label = this.part('columnheader', day.dataset.short);
      label.setAttribute('aria-label', day.querySelector('legend').textContent);
      head.append(label);
    }
    host.append(head);
    for (let r = 0; r < ROWS; r += 1) {
      const line = this.row(r % 2 ? 'half' : 'full');
      line.append(r % 2 ? this.quiet('rowheader', clock(r * CELL)) : this.part('rowheader', hour.format(new Date(r * CELL * 60_000))));
      this.days.forEach((_day, d) => {
        const cell = this.part('gridcell', '');
        cell.dataset.at = `${d}:${r}`;
        cell.tabIndex = d === this.at[0] && r === this.at[1] ? 0 : -1;
        this.cells[d].push(cell);
        line.append(cell);
      });
      host.append(line);
    }
    host.hidden = false;
  }

  row(kind) {
    const line = document.createElement('div');
    line.setAttribute('role', 'row');
    line.className = `sch-paint-row ${kind}`;
    return line;
  }

  part(role, text) {
    const part = document.createElement('div');
    part.setAttribute('role', role);
    part.textContent = text;
    return part;
  }

  // A heading that is heard and not seen.
  quiet(role, text) {
    const part = this.part(role, '');
    const words = document.createElement('span');
    words.className = 'sr';
    words.textContent = text;
    part.append(words);
    return part;
  }

  // From the fields; what runs over midnight is shown on the next day.
  read() {
    this.open.forEach((day) => day.fill(0));
    this.days.forEach((day, d) => {
      for (const range of day.querySelectorAll('.sch-range')) {
        const [from, to] = [...range.querySelectorAll('input')].map((input) => minutes(input.value));
        if (from === null || to === null) continue;
        this.open[d].fill(1, from, to > from ? to : 1440);
        if (to < from) this.open[(d + 1) % 7].fill(1, 0, to);
      }
    });
    this.cells.forEach((_column, d) => this.show(d));
  }

  state(d, r) {
    let free = 0;
    for (let m = r * CELL; m < (r + 1) * CELL; m += 1) free += this.open[d][m];
    return free === CELL ? 'open' : free ? 'part' : 'shut';
  }

  show(d) {
    const name = this.days[d].querySelector('legend').textContent;
    this.cells[d].forEach((cell, r) => {
      const state = this.state(d, r);
      cell.dataset.state = state;
      cell.setAttribute('aria-selected', String(state !== 'shut'));
      const word = state === 'shut' ? this.host.dataset.shut : this.host.dataset.open;
      cell.setAttribute('aria-label', `${name} ${clock(r * CELL)}, ${word}`);
    });
  }

  set(d, r, value) {
    // A night that runs into this day belongs to the day before: both are written anew.
    this.open[d].fill(value ? 1 : 0, r * CELL, (r + 1) * CELL);
    this.show(d);
    this.write(d);
    const eve = (d + 6) % 7;
    const overnight = [...this.days[eve].querySelectorAll('.sch-range')].some((range) => {
      const [from, to] = [...range.querySelectorAll('input')].map((input) => minutes(input.value));
      return from !== null && to !== null && to < from && to > 0;
    });
    if (overnight) this.write(eve);
    const mine = this.open[(d + 1) % 7];
    if (mine[0]) this.write((d + 1) % 7);
  }

  write(d) {
    const day = this.days[d];
    const list = day.querySelector('.sch-ranges');
    list.querySelectorAll('.sch-range, .sch-closed').forEach((old) => old.remove());
    const rows = [];
    for (let m = 0; m < 1440; m += 1) {
      if (!this.open[d][m] || (m && this.open[d][m - 1])) continue;
      let end = m;
      while (end < 1440 && this.open[d][end]) end += 1;
      const range = document.getElementById('range-row').content.firstElementChild.cloneNode(true);
      const name = day.querySelector('legend').textContent;
      [[m, 'from'], [end, 'to']].forEach(([value, side], n) => {
        const input = range.querySelectorAll('input')[n];
        input.name = `d${day.dataset.day}_${side}`;
        input.value = clock(value);
        input.setAttribute('aria-label', `${name} ${clock(value)}`);
      });
      rows.push(range);
    }
    list.prepend(...rows);
  }

  focus(d, r) {
    this.enter([Math.min(Math.max(d, 0), 6), Math.min(Math.max(r, 0), ROWS - 1)]).focus();
  }

  // A screen reader moves the focus by itself: keys go on from there.
  enter(place) {
    this.cells[this.at[0]][this.at[1]].tabIndex = -1;
    this.at = place;
    const cell = this.cells[place[0]][place[1]];
    cell.tabIndex = 0;
    return cell;
  }

  key(event) {
    const rtl = document.documentElement.dir === 'rtl' ? -1 : 1;
    const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-rtl, 0], ArrowRight: [rtl, 0], PageUp: [0, -4], PageDown: [0, 4] };
    const [d, r] = this.at;
    if (event.key === ' ' || event.key === 'Enter') {
      this.last = this.state(d, r) !== 'open';
      this.set(d, r, this.last);
    } else if (event.key === 'Home') this.focus(event.ctrlKey ? 0 : d, 0);
    else if (event.key === 'End') this.focus(event.ctrlKey ? 6 : d, ROWS - 1);
    else if (event.key in steps) {
      const [days, rows] = steps[event.key];
      if (event.shiftKey && this.last === undefined) this.last = this.state(d, r) !== 'open';
      if (event.shiftKey) this.set(d, r, this.last);
      this.focus(d + days, r + rows);
      if (event.shiftKey) this.set(...this.at, this.last);
    } else return;
    event.preventDefault();
  }
}

const placeOf = (element) => element?.dataset?.at?.split(':').map(Number);

ready(() => {
  const host = document.querySelector('[data-week-grid]');
  const form = document.getElementById('hours');
  if (!host || !form || host.childElementCount) return;
  const week = new Week(host, form);
  const noon = host.querySelector('[data-at="0:16"]');
  if (noon) host.scrollTop = noon.offsetTop - host.offsetTop;
  form.addEventListener('change', (event) => {
    if (!host.contains(event.target)) week.read();
  });
  host.addEventListener('focusin', (event) => {
    const place = placeOf(event.target);
    if (place) week.enter(place);
  });
  host.addEventListener('keydown', (event) => week.key(event));
  host.addEventListener('pointerdown', (event) => {
    const place = placeOf(event.target);
    if (!place || event.button || event.pointerType === 'touch') return;
    event.preventDefault();
    week.paint = week.state(...place) !== 'open';
    week.last = week.paint;
    week.set(...place, week.paint);
    week.focus(...place);
  });
  host.addEventListener('pointerover', (event) => {
    const place = placeOf(event.target);
    if (place && week.paint !== null && event.buttons) week.set(...place, week.paint);
  });
  // A finger scrolls; a tap opens or closes.
  host.addEventListener('click', (event) => {
    const place = placeOf(event.target);
    if (!place || event.pointerType !== 'touch') return;
    week.set(...place, week.state(...place) !== 'open');
    week.focus(...place);
  });
  addEventListener('pointerup', () => { week.paint = null; });
});
