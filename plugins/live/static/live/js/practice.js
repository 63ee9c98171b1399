// <live-practice>: the practice room over the socket. Without it (or while it is away) the same form is simply posted.
import { t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';
import { toast } from '@greenroom/ui';
import { newId, place, Sequence } from './chat.js';
import { FINAL, Link } from './link.js';
import { Timer } from './timer.js';

class LivePractice extends HTMLElement {
  #taken;
  #mine = new Map(); // cid -> {el, text}, not acknowledged yet

  connectedCallback() {
    this.log = $('[data-log]', this);
    this.form = $('[data-answer-form]', this);
    this.text = $('textarea', this.form);
    this.#taken = new Sequence(Number(this.dataset.seq));
    this.link = new Link(this.dataset, () => ({ seq: this.#taken.top }));
    this.timer = new Timer(this, { now: () => this.link.now(), send: (m) => this.link.send(m), say: (words) => this.#say(words) });
    this.timer.update(JSON.parse(this.dataset.timer));
    this.link.addEventListener('message', ({ detail }) => this.#on[detail.t]?.(detail));
    this.link.addEventListener('up', () => this.#notice(''));
    this.link.addEventListener('down', () => this.#notice(t('link_lost')));
    this.link.addEventListener('end', ({ detail }) => {
      if (detail === FINAL.REPLACED) this.#notice(t('replaced'));
      else location.reload();
    });
    this.form.addEventListener('submit', (event) => this.#submit(event));
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.form.requestSubmit($('[data-do="answer"]', this.form));
    });
    addEventListener('pagehide', () => this.link.stop());
    this.log.scrollTop = this.log.scrollHeight;
    this.link.connect();
  }

  #submit(event) {
    const what = event.submitter?.value ?? 'answer';
    if (!this.link.up) return; // the form goes the ordinary way
    event.preventDefault();
    if (what !== 'answer') {
      this.link.send({ t: 'practice', do: what });
      return;
    }
    const text = this.text.value.trim();
    if (!text) return this.text.focus();
    const cid = newId();
    const el = this.#draw({ role: 'candidate', kind: 'answer', text });
    el.classList.add('pending');
    this.#mine.set(cid, { el, text });
    this.text.value = '';
    this.link.send({ t: 'chat', cid, text });
  }

  #on = {
    welcome: (m) => {
      for (const message of m.chat) this.#on.chat(message);
      for (const [cid, { text }] of this.#mine) this.link.send({ t: 'chat', cid, text });
      this.timer.update(m.timer);
      if (m.practice) this.#on.practice(m.practice);
    },
    chat: (m) => {
      const fresh = this.#taken.take(m.seq);
      const mine = this.#mine.get(m.cid);
      if (mine) {
        this.#mine.delete(m.cid);
        mine.el.classList.remove('pending');
        place(this.log, mine.el, m.seq);
        return;
      }
      if (fresh) this.#draw(m);
    },
    timer: (m) => this.timer.update(m),
    practice: (m) => {
      $('[data-question-of]', this).textContent = t('question_of', { n: m.number, total: m.of });
      $('[data-question-title]', this).textContent = m.title;
      $('[data-suggested]', this).textContent = t('suggested', { minutes: m.minutes });
      $('[data-hints]', this).textContent = t('hints_left', { n: m.hints });
      $('[data-do="hint"]', this).disabled = m.over || m.hints === 0;
      for (const what of ['repeat', 'next']) $(`[data-do="${what}"]`, this).disabled = m.over;
    },
    error: (m) => {
      const [first] = this.#mine;
      if (m.code === 'too_fast' && first) { // the words go back to where they were typed
        first[1].el.remove();
        this.#mine.delete(first[0]);
        this.text.value = first[1].text;
      }
      toast(m.code === 'too_fast' ? t('too_fast') : m.detail || t('failed'), 'bad');
    },
  };

  #draw({ role, kind, text, seq }) {
    const el = document.createElement('article');
    el.className = `live-msg ${role === 'candidate' ? 'mine' : 'theirs'} is-${kind}`;
    const head = document.createElement('header');
    const who = document.createElement('b');
    who.textContent = t(role === 'candidate' ? 'you' : 'interviewer');
    head.append(who);
    if (['question', 'follow_up', 'hint'].includes(kind)) {
      const badge = document.createElement('span');
      badge.className = `badge plain ${{ question: 'accent', hint: 'warn' }[kind] ?? ''}`;
      badge.textContent = t(kind);
      head.append(badge);
    }
    const body = document.createElement('p');
    body.dir = 'auto';
    body.textContent = text;
    el.append(head, body);
    place(this.log, el, seq);
    this.log.scrollTop = this.log.scrollHeight;
    return el;
  }

  #notice(words) {
    const box = $('[data-notice]', this);
    box.hidden = !words;
    box.dataset.tone = 'warn';
    box.textContent = words;
  }

  #say(words) { $('[data-say]', this).textContent = words; }
}

customElements.define('live-practice', LivePractice);
