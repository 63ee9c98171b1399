// Chat panel: what was said, what is on its way, how much was not read.
import { dateTime, lang, t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';

/** Also without a secure context, where crypto.randomUUID does not exist. */
export const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** Numbers of messages: each is taken once. Those of two senders may arrive out of order; `top` has no gap below it. */
export class Sequence {
  #ahead = new Set();

  constructor(top = 0) { this.top = top; }

  take(seq) {
    if (seq <= this.top || this.#ahead.has(seq)) return false;
    this.#ahead.add(seq);
    while (this.#ahead.delete(this.top + 1)) this.top += 1;
    return true;
  }
}

/** Puts a message where its number belongs; one without a number (on its way) goes last. */
export function place(log, el, seq) {
  if (seq) el.dataset.seq = seq;
  const later = seq ? [...log.querySelectorAll('[data-seq]')].find((other) => Number(other.dataset.seq) > seq && other !== el) : null;
  if (later) later.before(el);
  else if (!el.isConnected || seq) {
    const waiting = seq ? log.querySelector('.pending') : null;
    if (waiting && waiting !== el) waiting.before(el);
    else log.append(el);
  }
}

export class Chat {
  #taken = new Sequence();
  #pending = new Map(); // cid -> element that waits for the server

  /** `name`: of somebody, by id and role. */
  constructor(root, { me, name, send, heard }) {
    this.log = $('[data-log]', root);
    this.form = $('[data-chat-form]', root);
    Object.assign(this, { me, name, send, heard });
    if (!this.form) return; // who only reads
    this.text = $('textarea', this.form);
    this.form.addEventListener('submit', (event) => { event.preventDefault(); this.say(); });
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.say(); }
    });
    this.text.addEventListener('input', () => this.#grow());
  }

  /** The last message up to which nothing is missing. */
  get seq() { return this.#taken.top; }

  say() {
    const text = this.text.value.trim();
    if (!text) return;
    const cid = newId();
    const el = this.#draw({ who: this.me(), kind: 'text', text, at: Date.now(), cid });
    el.classList.add('pending');
    this.#note(el, t('sending'));
    this.#pending.set(cid, { el, text });
    this.text.value = '';
    this.#grow();
    if (!this.send({ t: 'chat', cid, text })) this.#note(el, t('not_sent'));
  }

  /** After a (re)connection: what we missed, then once more what was not acknowledged. */
  catchUp(messages) {
    for (const message of messages) this.receive(message, true);
    for (const [cid, { text }] of this.#pending) this.send({ t: 'chat', cid, text });
  }

  receive(message, old = false) {
    const fresh = this.#taken.take(message.seq);
    if (this.#settle(message) || !fresh) return;
    this.#draw(message);
    if (message.who !== this.me() && !old) this.heard(message);
  }

  /** Not taken by the server: say why at the message, and let the words be sent again. */
  refused(words) {
    for (const [cid, { el, text }] of this.#pending) {
      this.#note(el, words);
      this.#pending.delete(cid);
      if (this.text && !this.text.value) this.text.value = text;
      el.remove();
      break;
    }
  }

  #settle({ cid, at, seq }) {
    const waiting = this.#pending.get(cid);
    if (!waiting) return false;
    this.#pending.delete(cid);
    waiting.el.classList.remove('pending');
    this.#note(waiting.el, '');
    $('time', waiting.el).textContent = clockTime(at);
    place(this.log, waiting.el, seq);
    return true;
  }

  #draw({ who: author, role, text, at, seq }) {
    $('[data-log-empty]', this.log)?.remove();
    const mine = author === this.me();
    const el = document.createElement('article');
    el.className = `live-msg ${mine ? 'mine' : 'theirs'}`;
    const head = document.createElement('header');
    const who = document.createElement('b');
    who.textContent = mine ? t('you') : this.name(author, role);
    const when = document.createElement('time');
    when.textContent = clockTime(at);
    head.append(who, when);
    const body = document.createElement('p');
    body.dir = 'auto';
    body.append(...linked(text));
    el.append(head, body);
    const low = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    place(this.log, el, seq);
    if (low || mine) this.log.scrollTop = this.log.scrollHeight;
    return el;
  }

  #note(el, words) {
    let note = $('.live-msg-note', el);
    if (!note) {
      note = document.createElement('small');
      note.className = 'live-msg-note';
      el.append(note);
    }
    note.textContent = words;
  }

  #grow() {
    this.text.rows = Math.min(6, Math.max(1, this.text.value.split('\n').length));
  }
}

/** As the server writes it: English pages use 24 hours too. */
export const clockTime = (at) => dateTime(at, lang.startsWith('en') ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } : { timeStyle: 'short' });
const ADDRESS = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g;

/** Text nodes, with web addresses as links. Nothing in it is ever read as HTML. */
export function linked(text) {
  const parts = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    if (index > at) parts.push(text.slice(at, index));
    const a = document.createElement('a');
    a.href = found;
    a.target = '_blank';
    a.rel = 'noopener noreferrer nofollow ugc';
    a.textContent = found;
    parts.push(a);
    at = index + found.length;
  }
  parts.push(text.slice(at));
  return parts;
}

