// Sound and pictures between two browsers. One generation per epoch: whatever belongs to another epoch is dropped.
//
// Three lines are negotiated once: sound, camera, screen. Turning something on or off, changing a device or sharing a
// screen only replaces a track, so nothing is renegotiated in the course of a call except to repair it.
const LINES = ['audio', 'video', 'video'];
export const AUDIO = 0, CAMERA = 1, SCREEN = 2;

const UNSTABLE = 3000; // how long "disconnected" may last before we act
const STALLED = 8000; // how long nothing may arrive although the other side sends
const RESTARTS = 2; // repairs tried before a new connection is made
const SETTLED = 10000; // well for so long: start counting anew

/** Fires `track` (detail {line, track}), `state` (detail {state}: connecting, connected, unstable), `broken` (detail {epoch}). */
export class Peer extends EventTarget {
  pc = null;
  epoch = 0;
  #polite;
  #sends;
  #send;
  #tracks = [null, null, null];
  #making = false;
  #ignoring = false;
  #waiting = [];
  #chain = Promise.resolve();
  #restarts = 0;
  #timer = 0;
  #settled = 0;
  #watch = 0;
  #config = {};
  #expects = false;

  /** Whoever does not `sends` only watches. */
  constructor({ polite, sends, send }) {
    super();
    this.#polite = polite;
    this.#sends = sends;
    this.#send = send;
  }

  /** A new generation. The side that offers starts; the other one waits for the offer of this epoch. */
  start(epoch, config, offers) {
    this.close();
    this.epoch = epoch;
    this.#config = { iceServers: config.ice ?? [], iceTransportPolicy: config.policy ?? 'all', bundlePolicy: 'max-bundle' };
    this.#state('connecting');
    if (!offers) return;
    this.#create();
    for (const [line, kind] of LINES.entries()) {
      const { sender } = this.pc.addTransceiver(kind, { direction: this.#direction });
      if (this.#tracks[line]) sender.replaceTrack(this.#tracks[line]);
    }
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#settled);
    clearInterval(this.#watch);
    const { pc } = this;
    this.pc = null;
    this.#waiting = [];
    this.#making = this.#ignoring = false;
    this.#restarts = 0;
    pc?.close();
  }

  /** What is sent on a line from now on; null for nothing. */
  async put(line, track) {
    this.#tracks[line] = track;
    await this.pc?.getTransceivers()[line]?.sender.replaceTrack(track).catch(() => {});
  }

  /** Whether the other side says that it sends: silence is then a fault. */
  expect(something) { this.#expects = something; }

  /** A signal from the other side. Handled one after the other. */
  receive(signal) {
    this.#chain = this.#chain.then(() => this.#handle(signal)).catch((error) => console.warn('signal', error.name));
  }

  get #direction() { return this.#sends ? 'sendrecv' : 'recvonly'; }

  restart() {
    this.pc?.restartIce();
  }

  #create() {
    const pc = this.pc = new RTCPeerConnection(this.#config);
    const { epoch } = this;
    pc.onnegotiationneeded = async () => {
      try {
        this.#making = true;
        await pc.setLocalDescription();
        if (pc === this.pc) this.#send({ t: 'signal', epoch, desc: pc.localDescription.toJSON() });
      } catch (error) {
        console.warn('offer', error.name);
      } finally {
        this.#making = false;
      }
    };
    pc.onicecandidate = ({ candidate }) => {
      if (candidate && pc === this.pc) this.#send({ t: 'signal', epoch, cand: candidate.toJSON() });
    };
    pc.ontrack = ({ track, transceiver }) => {
      const line = pc.getTransceivers().indexOf(transceiver);
      this.dispatchEvent(new CustomEvent('track', { detail: { line, track } }));
    };
    pc.oniceconnectionstatechange = () => { if (pc === this.pc) this.#connection(pc.iceConnectionState); };
    clearInterval(this.#watch);
    this.#watch = this.#watchdog(pc);
  }

  async #handle({ epoch, desc, cand }) {
    if (epoch !== this.epoch) return;
    if (desc) {
      const collision = desc.type === 'offer' && this.pc && (this.#making || this.pc.signalingState !== 'stable');
      this.#ignoring = !this.#polite && collision;
      if (this.#ignoring) return;
      if (!this.pc) {
        if (desc.type !== 'offer') return;
        this.#create();
      }
      const { pc } = this;
      await pc.setRemoteDescription(desc);
      for (const candidate of this.#waiting.splice(0)) await pc.addIceCandidate(candidate).catch(() => {});
      if (desc.type === 'offer') {
        this.#answerWithAll(pc);
        await pc.setLocalDescription();
        if (pc === this.pc) this.#send({ t: 'signal', epoch, desc: pc.localDescription.toJSON() });
      }
    } else if (cand) {
      if (!this.pc?.remoteDescription) {
        this.#waiting.push(cand);
        return;
      }
      await this.pc.addIceCandidate(cand).catch((error) => { if (!this.#ignoring) throw error; });
    }
  }

  #answerWithAll(pc) {
    for (const [line, transceiver] of pc.getTransceivers().entries()) {
      if (line >= LINES.length) break;
      transceiver.direction = this.#direction;
      const track = this.#tracks[line];
      if (track && transceiver.sender.track !== track) transceiver.sender.replaceTrack(track);
    }
  }

  #connection(state) {
    clearTimeout(this.#timer);
    clearTimeout(this.#settled);
    if (state === 'connected' || state === 'completed') {
      this.#settled = setTimeout(() => { this.#restarts = 0; }, SETTLED);
      this.#state('connected');
    } else if (state === 'disconnected') {
      this.#state('unstable');
      // the polite side waits a little longer, so that both do not repair at once
      this.#timer = setTimeout(() => this.#repair(), UNSTABLE + (this.#polite ? 1500 : 0));
    } else if (state === 'failed') {
      this.#state('unstable');
      this.#repair();
    }
  }

  #repair() {
    if (!this.pc) return;
    this.#restarts += 1;
    if (this.#restarts > RESTARTS) this.#broken();
    else {
      this.restart();
      this.#timer = setTimeout(() => this.#repair(), 2 * UNSTABLE);
    }
  }

  #broken() {
    clearTimeout(this.#timer);
    this.dispatchEvent(new CustomEvent('broken', { detail: { epoch: this.epoch } }));
  }

  /** A socket that lives says nothing about the media: look at what arrives. */
  #watchdog(pc) {
    let before = -1, since = performance.now();
    return setInterval(async () => {
      const bytes = await received(pc);
      const well = bytes !== before || !this.#expects || !['connected', 'completed'].includes(pc.iceConnectionState);
      before = bytes;
      if (well) since = performance.now();
      else if (performance.now() - since > STALLED && pc === this.pc) {
        since = performance.now();
        this.#broken();
      }
    }, 2000);
  }

  #state(state) { this.dispatchEvent(new CustomEvent('state', { detail: { state } })); }
}

async function received(pc) {
  let bytes = 0;
  for (const stat of (await pc.getStats()).values()) if (stat.type === 'inbound-rtp') bytes += stat.bytesReceived;
  return bytes;
}
