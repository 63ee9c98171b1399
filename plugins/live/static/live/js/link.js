// The WebSocket of a room: a ticket for every connection, comes back by itself, tells the room what it missed.
import { post } from '@greenroom/ui';

/** Close codes after which coming back is pointless. */
export const FINAL = { REPLACED: 4001, REFUSED: 4003, OVER: 4004, FULL: 4009, ELSEWHERE: 4010, SIGNED_OUT: 4401, OFF: 4404 };
const FINAL_CODES = new Set(Object.values(FINAL));
const PING = 10000;

/** Fires `message` (detail: the message), `up`, `down`, and `end` (detail: a code of FINAL). */
export class Link extends EventTarget {
  #socket = null;
  #tries = 0;
  #timer = 0;
  #stopped = false;
  #pinging = 0;
  #answered = 0;
  /** Server clock minus ours, in milliseconds. */
  offset = 0;
  rtt = 0;

  /** `entering`: () => what is sent for a ticket. */
  constructor(urls, resume, entering = () => ({})) {
    super();
    this.urls = urls;
    this.entering = entering;
    this.resume = resume; // () => {resume, seq}: what we still have
    this.wake = () => { if (!this.up && !this.#stopped) this.#again(0); };
    addEventListener('online', this.wake);
    document.addEventListener('visibilitychange', this.wake);
  }

  get up() { return this.#socket?.readyState === WebSocket.OPEN; }

  now() { return Date.now() + this.offset; }

  async connect() {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#socket) return;
    this.#socket = { readyState: 0, close() {} }; // one attempt at a time
    let ticket;
    try {
      const answer = await post(this.urls.ticket, this.entering(), { headers: { Accept: 'application/json' } });
      if (answer.status === 401) return this.#finish(FINAL.SIGNED_OUT);
      if (answer.status === 404) return this.#finish(FINAL.OFF);
      if (answer.status === 403) return this.#finish(FINAL.REFUSED);
      if (answer.status === 410) return this.#finish(FINAL.OVER);
      if (answer.status === 409) {
        const { code } = await answer.json();
        return this.#finish(code === 'full' ? FINAL.FULL : FINAL.ELSEWHERE);
      }
      if (!answer.ok) throw new Error(String(answer.status));
      ticket = (await answer.json()).ticket;
    } catch {
      this.#socket = null;
      this.#again();
      return;
    }
    if (this.#stopped) return;
    const url = new URL(this.urls.socket, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    for (const [name, value] of Object.entries({ ticket, ...this.resume() })) if (value) url.searchParams.set(name, value);
    const socket = this.#socket = new WebSocket(url);
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  /** False when it could not be sent; nothing is kept. */
  send(message) {
    if (!this.up) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pinging);
    removeEventListener('online', this.wake);
    document.removeEventListener('visibilitychange', this.wake);
    this.#socket?.close(1000);
  }

  /** A new connection at once: whoever was let in may hear everything on the next one. */
  renew() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#pinging);
    socket?.close(1000);
    this.connect();
  }

  /** For tests and for a person who does not want to wait. */
  drop() { this.#socket?.close(4900); }

  #receive(message) {
    if (message.t === 'pong') {
      this.rtt = performance.now() - message.at;
      this.offset = message.clock + this.rtt / 2 - Date.now();
      this.#answered = performance.now();
      return;
    }
    if (message.t === 'welcome') {
      this.#tries = 0;
      this.offset = message.clock - Date.now();
      this.#answered = performance.now();
      clearInterval(this.#pinging);
      this.#pinging = setInterval(() => this.#ping(), PING);
      this.#ping();
      this.dispatchEvent(new Event('up'));
    }
    this.dispatchEvent(new CustomEvent('message', { detail: message }));
  }

  #ping() {
    // an open socket over a dead network looks well for minutes
    if (performance.now() - this.#answered > 2.5 * PING) this.drop();
    else this.send({ t: 'ping', at: performance.now() });
  }

  #closed(socket, code) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearInterval(this.#pinging);
    if (this.#stopped) return;
    if (FINAL_CODES.has(code)) this.#finish(code);
    else this.#again();
  }

  #again(wait = Math.min(5000, 300 * 2 ** this.#tries) * (0.5 + Math.random())) {
    this.#tries += 1;
    this.dispatchEvent(new Event('down'));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), wait);
  }

  #finish(code) {
    this.stop();
    this.dispatchEvent(new CustomEvent('end', { detail: code }));
  }
}
