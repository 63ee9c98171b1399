// What is seen and heard of the other person, and of oneself.
import { t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';
import { routeSound } from './devices.js';
import { AUDIO, CAMERA, SCREEN } from './peer.js';

const GONE = 4000; // how long the last picture stays when the other side's socket is gone

export class Stage {
  remote = { audio: false, video: false, screen: false };
  present = false;
  #tracks = [null, null, null];
  #going = 0;
  #media = 'connecting';

  constructor(room, devices) {
    this.room = room;
    this.name = room.dataset.partner;
    this.devices = devices;
    this.box = $('[data-remote]', room);
    this.main = $('[data-remote-main]', room);
    this.small = $('[data-remote-small]', room);
    this.audio = $('[data-remote-audio]', room);
    this.hear = $('[data-hear]', room);
    this.hear.append(t('click_to_hear', { name: this.name }));
    this.hear.addEventListener('click', () => this.#play());
    devices.addEventListener('change', () => this.drawSelf());
    this.draw();
    this.drawSelf();
  }

  track(line, track) {
    this.#tracks[line] = track;
    if (line === AUDIO) {
      this.audio.srcObject = new MediaStream([track]);
      this.#play();
    }
    this.draw();
  }

  /** A new media connection begins: what was shown belongs to the old one. */
  clear() {
    this.#tracks = [null, null, null];
    this.draw();
  }

  media(state) {
    this.#media = state;
    this.draw();
  }

  said({ audio, video, screen }) {
    this.remote = { audio, video, screen };
    this.draw();
  }

  joined() {
    clearTimeout(this.#going);
    this.present = true;
    this.draw();
  }

  /** The other socket is gone. Sound and picture may well go on, so they stay for a moment. */
  left() {
    clearTimeout(this.#going);
    this.#going = setTimeout(() => {
      this.present = false;
      this.clear();
    }, GONE);
  }

  draw() {
    const { remote, present } = this;
    const main = remote.screen ? this.#tracks[SCREEN] : remote.video ? this.#tracks[CAMERA] : null;
    const small = remote.screen && remote.video ? this.#tracks[CAMERA] : null;
    show(this.main, main);
    show(this.small, small);
    this.small.hidden = !small;
    this.box.dataset.picture = !main ? 'none' : remote.screen ? 'screen' : 'camera';
    $('[data-remote-muted]', this.box).hidden = !present || remote.audio;
    const { name } = this;
    const words = $('[data-remote-words]', this.box), more = $('[data-remote-more]', this.box);
    if (!present) {
      put(words, this.met ? t('partner_left', { name }) : t('waiting', { name }));
      put(more, this.met ? t('partner_left_more', { name }) : t('waiting_more', { name }));
    } else {
      this.met = true;
      put(words, this.#media === 'connecting' ? t('connecting', { name }) : t('partner_cam_off', { name }));
      put(more, '');
    }
  }

  drawSelf() {
    const { cam } = this.devices.tracks;
    const box = $('[data-self]', this.room), video = $('[data-self-video]', box);
    box.classList.toggle('has-picture', Boolean(cam));
    show(video, cam);
    $('[data-self-muted]', box).hidden = !this.devices.muted;
    routeSound(this.audio, this.devices.chosen.speaker);
  }

  /** Browsers refuse sound that nobody asked for: then a click is asked for. */
  async #play() {
    try {
      await this.audio.play();
      this.hear.hidden = true;
    } catch (error) {
      if (error.name === 'NotAllowedError') this.hear.hidden = false;
    }
  }
}

function show(video, track) {
  const now = video.srcObject?.getVideoTracks()[0] ?? null;
  if (now === track) return;
  video.srcObject = track ? new MediaStream([track]) : null;
  if (track) video.play().catch(() => {});
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
