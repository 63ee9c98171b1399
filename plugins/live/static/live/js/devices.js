// Camera, microphone and speaker of this computer: what works, what was chosen, and the tracks that are sent.
import { t } from '@greenroom/i18n';

/** What the browser calls a failure -> which help a person needs. */
const HELP = {
  NotAllowedError: 'blocked', PermissionDeniedError: 'blocked',
  NotFoundError: 'missing', DevicesNotFoundError: 'missing',
  NotReadableError: 'busy', TrackStartError: 'busy', AbortError: 'busy',
  OverconstrainedError: 'gone',
};

/** Words for an error of `kind` (mic or cam). */
export function helpFor(kind, error) {
  if (!error) return '';
  if (error.name === 'SecurityError' || error.name === 'TypeError') return t('insecure');
  const why = HELP[error.name];
  return why ? t(`${kind}_${why}`) : t('device_other', { name: error.name });
}

const WISHES = {
  mic: (id) => ({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...exactly(id) } }),
  cam: (id) => ({ video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, ...exactly(id) } }),
};
const exactly = (id) => (id ? { deviceId: { exact: id } } : {});
const KIND = { mic: 'audioinput', cam: 'videoinput', speaker: 'audiooutput' };

/**
 * Fires `change` whenever a track, an error or the list of devices changed.
 * `tracks.mic` stays open while muted (unmuting must be instant); `tracks.cam` is stopped when off, so that its light goes out.
 */
export class Devices extends EventTarget {
  tracks = { mic: null, cam: null };
  errors = { mic: null, cam: null };
  chosen = { mic: '', cam: '', speaker: '' };
  wanted = { mic: true, cam: true };
  list = [];

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#devicesChanged());
  }

  get muted() { return !this.tracks.mic?.enabled; }

  /** Whether the browser would give both without asking. */
  async allowed() {
    try {
      const states = await Promise.all(['camera', 'microphone'].map((name) => navigator.permissions.query({ name })));
      return states.every((s) => s.state === 'granted');
    } catch {
      return false; // not every browser answers this question
    }
  }

  /** Ask once for both, then for each alone: a missing camera must not take the microphone with it. */
  async openAll() {
    if (!navigator.mediaDevices) {
      this.errors.mic = this.errors.cam = new TypeError('insecure');
      this.#changed();
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ ...WISHES.mic(this.chosen.mic), ...WISHES.cam(this.chosen.cam) });
      for (const track of stream.getTracks()) this.#take(track.kind === 'audio' ? 'mic' : 'cam', track);
    } catch {
      for (const kind of ['mic', 'cam']) await this.open(kind, { quiet: true });
    }
    await this.#relist();
    this.#changed();
  }

  /** Start one device; true when it works. */
  async open(kind, { quiet = false } = {}) {
    this.wanted[kind] = true;
    try {
      if (!navigator.mediaDevices) throw new TypeError('insecure');
      const stream = await navigator.mediaDevices.getUserMedia(WISHES[kind](this.chosen[kind]));
      this.#take(kind, stream.getTracks()[0]);
    } catch (error) {
      this.errors[kind] = error;
    }
    if (!quiet) {
      await this.#relist();
      this.#changed();
    }
    return Boolean(this.tracks[kind]);
  }

  #take(kind, track) {
    this.tracks[kind]?.stop();
    this.tracks[kind] = track;
    this.errors[kind] = null;
    if (kind === 'mic') track.enabled = this.wanted.mic;
    this.chosen[kind] = track.getSettings().deviceId ?? this.chosen[kind];
    track.addEventListener('ended', () => {
      if (this.tracks[kind] !== track) return;
      this.tracks[kind] = null; // unplugged, or taken away by the system
      this.errors[kind] = new DOMException('', 'OverconstrainedError');
      this.#changed();
    });
  }

  async toggleMic() {
    if (!this.tracks.mic) return this.open('mic');
    this.wanted.mic = this.tracks.mic.enabled = !this.tracks.mic.enabled;
    this.#changed();
    return true;
  }

  async toggleCam() {
    if (!this.tracks.cam) return this.open('cam');
    this.wanted.cam = false;
    this.tracks.cam.stop();
    this.tracks.cam = null;
    this.#changed();
    return true;
  }

  async choose(kind, id) {
    this.chosen[kind] = id;
    if (kind === 'speaker') this.#changed();
    else await this.open(kind);
  }

  /** Stop everything: join without camera and microphone. */
  close() {
    for (const kind of ['mic', 'cam']) {
      this.tracks[kind]?.stop();
      this.tracks[kind] = null;
      this.wanted[kind] = false;
    }
    this.#changed();
  }

  of(kind) {
    return this.list.filter((d) => d.kind === KIND[kind] && d.deviceId);
  }

  async #devicesChanged() {
    await this.#relist();
    for (const kind of ['mic', 'cam']) {
      // what was asked for and missing is tried again when something is plugged in
      if (this.wanted[kind] && !this.tracks[kind] && this.errors[kind]?.name !== 'NotAllowedError' && this.errors[kind]) {
        this.chosen[kind] = '';
        await this.open(kind, { quiet: true });
      }
    }
    this.#changed();
  }

  async #relist() {
    this.list = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Fill every <select data-pick> below `root` with what there is. */
export function drawPickers(root, devices) {
  for (const select of root.querySelectorAll('[data-pick]')) {
    const kind = select.dataset.pick;
    const found = devices.of(kind);
    const name = { cam: 'camera_n', mic: 'microphone_n', speaker: 'speaker_n' }[kind];
    const options = found.map((d, i) => new Option(d.label || t(name, { n: i + 1 }), d.deviceId));
    if (kind === 'speaker' && !options.length) options.push(new Option(t('speaker_default'), ''));
    if (!options.length) continue;
    select.replaceChildren(...options);
    select.disabled = options.length < 2;
    if (found.some((d) => d.deviceId === devices.chosen[kind])) select.value = devices.chosen[kind];
  }
}

/** Send an element's sound to the chosen output where the browser can. */
export async function routeSound(element, id) {
  if (!element.setSinkId || element.sinkId === id) return;
  await element.setSinkId(id).catch(() => {});
}

/** Loudness 0…1 of a microphone track, given to `draw` some 20 times a second. Call the result to stop. */
export function meter(track, draw) {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    // no sound may start before a first click or key
    if (context.state === 'suspended') context.resume().catch(() => {});
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const s of samples) sum += s * s;
    const decibel = 20 * Math.log10(Math.sqrt(sum / samples.length) || 1e-6);
    draw(Math.min(1, Math.max(0, (decibel + 60) / 50)));
  }, 50);
  return () => {
    clearInterval(timer);
    context.close().catch(() => {});
  };
}

/** Three rising notes through the chosen output. */
export async function playNotes(sinkId) {
  const context = new AudioContext();
  if (sinkId && context.setSinkId) await context.setSinkId(sinkId).catch(() => {});
  await context.resume();
  [523.25, 659.25, 783.99].forEach((frequency, i) => {
    const tone = new OscillatorNode(context, { frequency });
    const loud = new GainNode(context, { gain: 0 });
    const start = context.currentTime + i * 0.3;
    loud.gain.linearRampToValueAtTime(0.2, start + 0.03);
    loud.gain.setValueAtTime(0.2, start + 0.18);
    loud.gain.linearRampToValueAtTime(0, start + 0.28);
    tone.connect(loud).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.3);
  });
  await new Promise((done) => setTimeout(done, 1000));
  context.close().catch(() => {});
}
