// Everybody else in the room, with a connection of their own to each of them.
import { Peer } from './peer.js';

/** Fires `track`, `state` and `broken` as Peer does, with `id` in the detail. Two who only watch need no connection. */
export class Mesh extends EventTarget {
  #peers = new Map();
  #tracks = [null, null, null];
  config = {};

  constructor({ me, sends, send }) {
    super();
    Object.assign(this, { me, sends, send });
  }

  get(id) { return this.#peers.get(id); }

  get ids() { return [...this.#peers.keys()]; }

  get joined() { return [...this.#peers.values()].some((peer) => peer.pc); }

  /** A connection of at least this number; true when a new one begins. */
  meet(id, epoch, theySend) {
    if (!this.sends && !theySend) return false;
    let peer = this.#peers.get(id);
    if (peer && peer.epoch >= epoch) return false;
    peer ??= this.#add(id);
    // of two, always the same one offers: nobody has to agree on who begins, whoever comes back
    peer.start(epoch, this.config, this.me < id);
    return true;
  }

  #add(id) {
    const peer = new Peer({ polite: this.me > id, sends: this.sends, send: (signal) => this.send({ ...signal, to: id }) });
    this.#peers.set(id, peer);
    for (const [line, track] of this.#tracks.entries()) peer.put(line, track);
    for (const name of ['track', 'state', 'broken']) {
      peer.addEventListener(name, ({ detail }) => this.dispatchEvent(new CustomEvent(name, { detail: { ...detail, id } })));
    }
    return peer;
  }

  drop(id) {
    this.#peers.get(id)?.close();
    this.#peers.delete(id);
  }

  close() {
    for (const id of this.ids) this.drop(id);
  }

  /** What is sent to everybody on a line from now on. */
  put(line, track) {
    this.#tracks[line] = track;
    return Promise.all([...this.#peers.values()].map((peer) => peer.put(line, track)));
  }

  receive(signal) { this.#peers.get(signal.from)?.receive(signal); }
}
