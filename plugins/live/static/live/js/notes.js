// Private notes: saved a second after the last key, kept in this tab until the server has them.
import { t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';
import { clockTime } from './chat.js';

const PAUSE = 1000;

export class Notes {
  #version = 0;
  #saved = '';
  #timer = 0;
  #under = null; // the text that is on its way
  #theirs = null;

  constructor(root, { key, send }) {
    this.text = $('[data-note]', root);
    this.words = $('[data-note-words]', root);
    this.conflict = $('[data-note-conflict]', root);
    this.send = send;
    this.key = `live-note:${key}`;
    this.text.addEventListener('input', () => this.#typed());
    this.text.addEventListener('blur', () => this.#save());
    $('[data-note-mine]', root).addEventListener('click', () => this.#decide(this.text.value));
    $('[data-note-theirs]', root).addEventListener('click', () => this.#decide(this.#theirs.body));
  }

  /** The stored note, on every (re)connection. What was typed meanwhile goes on top of it. */
  load({ body, version }) {
    const draft = this.#draft();
    this.#under = null;
    if (draft && draft.text !== body) {
      this.text.value = draft.text;
      if (draft.base === version) {
        this.#at(body, version);
        this.#save();
      } else {
        this.#disagree({ body, version });
      }
      return;
    }
    this.#at(body, version);
    if (this.text.value !== body) this.text.value = body;
    sessionStorage.removeItem(this.key);
  }

  saved({ version, clock }) {
    this.#at(this.#under ?? this.text.value, version);
    this.#under = null;
    if (this.text.value === this.#saved) {
      sessionStorage.removeItem(this.key);
      this.#say(t('note_saved', { time: clockTime(clock) }));
    } else {
      this.#keep();
      this.#later();
    }
  }

  disagreed(stored) {
    this.#under = null;
    if (stored.body === this.text.value) this.load(stored);
    else this.#disagree(stored);
  }

  #at(body, version) {
    this.#saved = body;
    this.#version = version;
  }

  #typed() {
    this.#keep();
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), PAUSE);
  }

  #save() {
    clearTimeout(this.#timer);
    const body = this.text.value;
    if (body === this.#saved || this.#under !== null || this.#theirs) return;
    if (this.send({ t: 'note', base: this.#version, body })) {
      this.#under = body;
      this.#say(t('note_saving'));
    } else {
      this.#say(t('note_waiting'));
    }
  }

  #disagree(stored) {
    this.#theirs = stored;
    this.conflict.hidden = false;
    this.#say(t('note_conflict'));
  }

  #decide(body) {
    this.#at(this.#theirs.body, this.#theirs.version);
    this.#theirs = null;
    this.conflict.hidden = true;
    this.text.value = body;
    this.#keep();
    this.#save();
    if (body === this.#saved) this.#say('');
    this.text.focus();
  }

  #draft() {
    try { return JSON.parse(sessionStorage.getItem(this.key)); } catch { return null; }
  }

  #keep() {
    try { sessionStorage.setItem(this.key, JSON.stringify({ base: this.#version, text: this.text.value })); } catch { /* full or forbidden */ }
  }

  #say(words) { if (this.words.textContent !== words) this.words.textContent = words; }
}
