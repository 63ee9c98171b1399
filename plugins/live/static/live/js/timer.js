// The shared timer: the server says what is left at which instant, here it is only counted and shown.
import { t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';

const MILESTONES = [[300, 'timer_left'], [60, 'timer_last'], [0, 'timer_over']];

export class Timer {
  #state = null;
  #said = Infinity;

  constructor(root, { now, send, say }) {
    this.face = $('[data-clock-face]', root);
    this.toggle = $('[data-timer-toggle]', root);
    Object.assign(this, { now, say });
    this.toggle?.addEventListener('click', () => send({ t: 'timer', do: this.#state?.running ? 'pause' : 'start', base: this.#state?.version ?? 1 }));
    $('[data-timer-reset]', root)?.addEventListener('click', () => send({ t: 'timer', do: 'reset', base: this.#state?.version ?? 1 }));
    this.ticking = setInterval(() => this.draw(), 250);
  }

  get left() {
    const { left, running, clock } = this.#state;
    return running ? left - Math.max(0, this.now() - clock) : left; // two clocks may differ by a blink
  }

  update(state) {
    if (this.#state && state.version < this.#state.version) return; // overtaken on the way
    this.#state = state;
    const left = this.left / 1000;
    // what is behind us is not spoken again after a reload
    this.#said = MILESTONES.find(([at]) => left > at)?.[0] ?? -1;
    if (this.toggle) {
      const label = t(state.running ? 'timer_pause' : 'timer_start');
      this.toggle.setAttribute('aria-label', label);
      this.toggle.title = label;
      this.toggle.setAttribute('aria-pressed', String(state.running));
    }
    this.draw();
  }

  draw() {
    if (!this.#state) return;
    const left = this.left;
    const seconds = Math.ceil(Math.abs(left) / 1000 - (left < 0 ? 1 : 0));
    const text = `${left < 0 ? '+' : ''}${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    if (this.face.textContent !== text) this.face.textContent = text;
    this.face.dataset.tone = left <= 0 ? 'bad' : left <= 60000 ? 'warn' : '';
    this.face.classList.toggle('running', this.#state.running);
    if (this.#state.running) this.#speak(left / 1000);
  }

  #speak(left) {
    const next = MILESTONES.find(([at]) => at === this.#said);
    if (!next || left > next[0]) return;
    this.say(t(next[1], { minutes: 5 }));
    this.#said = MILESTONES.find(([at]) => at < next[0])?.[0] ?? -1;
  }
}
