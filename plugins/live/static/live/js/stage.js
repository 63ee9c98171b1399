// What is seen and heard of the others, and of oneself: a tile for everybody who may be seen.
import { t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';
import { routeSound } from './devices.js';
import { AUDIO, CAMERA, SCREEN } from './peer.js';

const GONE = 4000; // how long the last picture stays when somebody's socket is gone

/** One other person. */
class Tile {
  remote = { audio: false, video: false, screen: false };
  media = 'connecting';
  going = 0;
  #tracks = [null, null, null];

  constructor(stage, { name, role, face }) {
    this.name = name;
    this.box = $('template[data-tile]', stage.room).content.firstElementChild.cloneNode(true);
    this.main = $('[data-remote-main]', this.box);
    this.small = $('[data-remote-small]', this.box);
    this.audio = $('[data-remote-audio]', this.box);
    this.hear = $('[data-hear]', this.box);
    this.hear.append(t('click_to_hear', { name }));
    this.hear.addEventListener('click', () => stage.hearAll());
    this.main.setAttribute('aria-label', t('picture_of', { name }));
    this.small.setAttribute('aria-label', t('camera_of', { name }));
    $('[data-remote-face]', this.box).append(face);
    $('[data-remote-name]', this.box).textContent = name;
    $('[data-remote-role]', this.box).textContent = role;
    this.draw();
  }

  track(line, track) {
    this.#tracks[line] = track;
    if (line === AUDIO) {
      this.audio.srcObject = new MediaStream([track]);
      this.play();
    }
    this.draw();
  }

  /** A new connection begins: what was shown belongs to the old one. */
  clear() {
    this.#tracks = [null, null, null];
    this.media = 'connecting';
    this.draw();
  }

  draw() {
    const { remote, name } = this;
    const main = remote.screen ? this.#tracks[SCREEN] : remote.video ? this.#tracks[CAMERA] : null;
    const small = remote.screen && remote.video ? this.#tracks[CAMERA] : null;
    show(this.main, main);
    show(this.small, small);
    this.small.hidden = !small;
    this.box.dataset.picture = !main ? 'none' : remote.screen ? 'screen' : 'camera';
    $('[data-remote-muted]', this.box).hidden = remote.audio;
    put($('[data-remote-words]', this.box), this.media === 'connecting' ? t('connecting', { name }) : t('partner_cam_off', { name }));
  }

  /** Browsers refuse sound that nobody asked for: then a click is asked for. */
  async play() {
    try {
      await this.audio.play();
      this.hear.hidden = true;
    } catch (error) {
      if (error.name === 'NotAllowedError') this.hear.hidden = false;
    }
  }
}

export class Stage {
  #tiles = new Map();
  #met = '';

  constructor(room, devices, faces) {
    Object.assign(this, { room, devices, faces });
    this.box = $('[data-remotes]', room);
    this.nobody = $('[data-nobody]', room);
    devices.addEventListener('change', () => this.drawSelf());
    this.draw();
    this.drawSelf();
  }

  get ids() { return [...this.#tiles.keys()]; }

  get(id) { return this.#tiles.get(id); }

  joined(id, person) {
    let tile = this.#tiles.get(id);
    if (!tile) {
      tile = new Tile(this, { ...person, role: t(person.role), face: this.faces(id, person.name) });
      this.#tiles.set(id, tile);
      this.box.append(tile.box);
      this.#met = person.name;
    }
    clearTimeout(tile.going);
    this.draw();
  }

  /** Their socket is gone. Sound and picture may well go on, so they stay for a moment. */
  left(id, then = () => {}) {
    const tile = this.#tiles.get(id);
    if (!tile) return then();
    clearTimeout(tile.going);
    tile.going = setTimeout(() => {
      this.remove(id);
      then();
    }, GONE);
  }

  remove(id) {
    this.#tiles.get(id)?.box.remove();
    this.#tiles.delete(id);
    this.draw();
  }

  track(id, line, track) {
    this.#tiles.get(id)?.track(line, track);
    this.drawSelf();
  }

  clear(id) { this.#tiles.get(id)?.clear(); }

  media(id, state) {
    const tile = this.#tiles.get(id);
    if (!tile) return;
    tile.media = state;
    tile.draw();
  }

  said(id, { audio, video, screen }) {
    const tile = this.#tiles.get(id);
    if (!tile) return;
    tile.remote = { audio, video, screen };
    tile.draw();
  }

  hearAll() {
    for (const tile of this.#tiles.values()) tile.play();
  }

  draw() {
    const { partner } = this.room.dataset;
    this.box.dataset.count = this.#tiles.size;
    this.nobody.hidden = this.#tiles.size > 0;
    const name = this.#met || partner;
    put($('[data-nobody-words]', this.nobody), this.#met ? t('partner_left', { name }) : t('waiting', { name }));
    put($('[data-nobody-more]', this.nobody), this.#met ? t('partner_left_more', { name }) : t('waiting_more', { name }));
  }

  drawSelf() {
    const { cam } = this.devices.tracks;
    const box = $('[data-self]', this.room);
    if (box) {
      box.classList.toggle('has-picture', Boolean(cam));
      show($('[data-self-video]', box), cam);
      $('[data-self-muted]', box).hidden = !this.devices.muted;
    }
    for (const { audio } of this.#tiles.values()) routeSound(audio, this.devices.chosen.speaker);
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
