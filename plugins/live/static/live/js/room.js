// <live-room>: device check, then the room. Puts the parts together; each part knows nothing of the others.
import { t } from '@greenroom/i18n';
import { $, $$ } from '@greenroom/dom';
import { toast } from '@greenroom/ui';
import { Chat } from './chat.js';
import { Devices, helpFor } from './devices.js';
import { FINAL, Link } from './link.js';
import { Notes } from './notes.js';
import { AUDIO, CAMERA, Peer, SCREEN } from './peer.js';
import { PreJoin } from './prejoin.js';
import { Stage } from './stage.js';
import { Timer } from './timer.js';

const REBUILDS = 3; // new media connections tried before we say that there is none
const narrow = matchMedia('(max-width: 60rem)');

class LiveRoom extends HTMLElement {
  #epoch = 0;
  #media = {};
  #rebuilds = 0;
  #screen = null;
  #unread = 0;
  #joined = false;

  connectedCallback() {
    this.side = this.dataset.role;
    this.key = `live-room:${this.dataset.room}`;
    this.devices = new Devices();
    this.pre = new PreJoin(this, this.devices);
    this.devices.addEventListener('change', () => this.#devicesChanged());
    this.#press('[data-mic-toggle]', () => this.devices.toggleMic());
    this.#press('[data-cam-toggle]', () => this.devices.toggleCam());
    this.#press('[data-share]', () => this.#share());
    this.#press('[data-join]', () => this.join());
    this.#press('[data-join-text]', () => this.join(true));
    this.#press('[data-leave]', () => this.#forget());
    this.#press('[data-open-panel]', (button) => this.#panel(this.panel === button.dataset.openPanel && !button.closest('.live-seg') ? '' : button.dataset.openPanel));
    this.#press('[data-close-panel]', () => this.#panel(''));
    for (const pick of $$('[data-pick]', this)) pick.addEventListener('change', () => this.devices.choose(pick.dataset.pick, pick.value));
    for (const form of $$('#leave-room form', this)) form.addEventListener('submit', () => this.#forget());
    addEventListener('pagehide', () => this.link?.stop());
    // after a reload in the middle of a session nobody wants the device check again
    const before = sessionStorage.getItem(this.key);
    if (before && !this.dataset.early) this.#rejoin(before);
  }

  get panel() { return $('[data-view="room"]', this).dataset.panel; }

  #press(selector, fn) {
    for (const el of $$(selector, this)) el.addEventListener('click', () => fn(el));
  }

  async #rejoin(how) {
    if (how !== 'text' && await this.devices.allowed()) {
      await this.devices.openAll();
      if (how === 'muted' && !this.devices.muted) await this.devices.toggleMic();
    }
    this.join(how === 'text');
  }

  /** From the device check into the room. The click that leads here is what lets sound play. */
  join(textOnly = false) {
    if (this.#joined) return;
    this.#joined = true;
    if (textOnly) this.devices.close();
    this.pre.close();
    this.#remember(textOnly);
    this.#view('room');
    this.#panel(narrow.matches && !textOnly ? '' : 'chat');
    this.stage = new Stage(this, this.devices);
    this.peer = new Peer({ polite: this.side === 'candidate', send: (signal) => this.link.send(signal) });
    this.peer.addEventListener('track', ({ detail }) => this.stage.track(detail.line, detail.track));
    this.peer.addEventListener('state', ({ detail }) => this.#mediaState(detail));
    this.peer.addEventListener('broken', ({ detail }) => this.#rebuild(detail));
    this.link = new Link(this.dataset, () => ({ resume: this.peer.pc ? this.#epoch : '', seq: this.chat.seq }));
    this.link.addEventListener('message', ({ detail }) => this.#on[detail.t]?.(detail));
    this.link.addEventListener('up', () => this.#linkState('ok'));
    this.link.addEventListener('down', () => this.#linkState('bad'));
    this.link.addEventListener('end', ({ detail }) => this.#ended(detail));
    const send = (message) => this.link.send(message);
    const names = { [this.side === 'candidate' ? 'interviewer' : 'candidate']: this.dataset.partner };
    this.chat = new Chat(this, { role: this.side, names, send, heard: (message) => this.#heard(message) });
    $('[data-timer]', this).hidden = false;
    this.timer = new Timer(this, { now: () => this.link.now(), send, say: (words) => this.#say(words) });
    if (this.side === 'interviewer') this.notes = new Notes(this, { key: this.dataset.room, send });
    this.#devicesChanged();
    $('#main', this).focus();
    this.#say(t('joining'));
    this.link.connect();
  }

  // ---- what the server says ------------------------------------------------------------------------------

  #on = {
    welcome: (m) => {
      if (m.media) this.#media = m.media;
      this.chat.catchUp(m.chat);
      this.timer.update(m.timer);
      if (m.note) this.notes?.load(m.note);
      if (m.peers.length) this.stage.joined();
      else this.stage.left();
      if (!m.resumed) this.#generation(m.epoch, m.peers.length > 0);
      this.#announce();
    },
    joined: (m) => {
      if (m.epoch <= this.#epoch) return; // overtaken by a later one
      this.stage.joined();
      this.#generation(m.epoch, true);
      this.#announce();
      this.#say(t('partner_joined', { name: this.dataset.partner }));
    },
    resumed: () => {
      this.stage.joined();
      this.#announce();
    },
    epoch: (m) => { if (m.epoch > this.#epoch) this.#generation(m.epoch, this.stage.present); },
    left: () => {
      this.stage.left();
      this.#say(t('partner_left', { name: this.dataset.partner }));
    },
    signal: (m) => this.peer.receive(m),
    media: (m) => {
      if (m.screen && !this.stage.remote.screen) this.#say(t('partner_shares', { name: this.dataset.partner }));
      this.stage.said(m);
      this.peer.expect(m.audio || m.video || m.screen);
    },
    chat: (m) => this.chat.receive(m),
    timer: (m) => this.timer.update(m),
    note_saved: (m) => this.notes?.saved(m),
    note_conflict: (m) => this.notes?.disagreed(m),
    error: (m) => {
      if (m.code === 'too_fast') this.chat.refused(t('too_fast'));
      toast(m.code === 'too_fast' ? t('too_fast') : m.detail || t('failed'), 'bad');
    },
  };

  #generation(epoch, together) {
    this.#epoch = epoch;
    this.stage.clear();
    if (!together) {
      this.peer.close();
      return;
    }
    if (!globalThis.RTCPeerConnection) {
      this.#notice(t('no_media'), 'bad');
      return;
    }
    // each side offers or answers for good: so nobody has to agree on who begins, whoever comes back
    this.peer.start(epoch, this.#media, this.side === 'interviewer');
  }

  #announce() {
    const { devices } = this;
    this.link.send({ t: 'media', audio: !devices.muted, video: Boolean(devices.tracks.cam), screen: Boolean(this.#screen) });
  }

  // ---- media ----------------------------------------------------------------------------------------------

  #devicesChanged() {
    const { mic, cam } = this.devices.tracks;
    for (const button of $$('[data-mic-toggle]', this)) toggle(button, !this.devices.muted, t('mute'), t('unmute'));
    for (const button of $$('[data-cam-toggle]', this)) toggle(button, Boolean(cam), t('cam_stop'), t('cam_start'));
    if (!this.#joined) return;
    this.peer.put(AUDIO, mic);
    this.peer.put(CAMERA, cam);
    this.#announce();
    this.#remember();
    const help = ['mic', 'cam'].map((kind) => helpFor(kind, this.devices.errors[kind])).filter(Boolean).join(' ');
    const box = $('[data-device-help]', this);
    if (help && box.textContent !== help) toast(help, 'bad');
    box.textContent = help;
    box.hidden = !help;
  }

  async #share() {
    if (this.#screen) {
      this.#screen.stop();
      await this.#shared(null);
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: false });
      const [track] = stream.getVideoTracks();
      track.contentHint = 'detail';
      track.addEventListener('ended', () => this.#shared(null)); // the browser's own "Stop sharing"
      await this.#shared(track);
    } catch (error) {
      if (error.name !== 'NotAllowedError') toast(t('share_failed'), 'bad'); // not allowed: the person said no
    }
  }

  async #shared(track) {
    this.#screen = track;
    await this.peer.put(SCREEN, track);
    this.#announce();
    toggle($('[data-share]', this), Boolean(track), t('share_stop'), t('share'));
    this.#notice(track ? t('sharing') : '', 'info');
  }

  #mediaState(state) {
    this.stage.media(state);
    if (state === 'connected') {
      this.#rebuilds = 0;
      if (this.dataset.media === 'unstable') this.#say(t('repaired'));
      this.#notice(this.#screen ? t('sharing') : '', 'info');
    } else if (state === 'unstable') {
      this.#notice(t('unstable'), 'warn');
    }
    this.dataset.media = state;
  }

  /** Repairing failed: a new connection; then only through a relay; then chat alone. */
  #rebuild(epoch) {
    this.#rebuilds += 1;
    if (this.#rebuilds > REBUILDS + 1) {
      this.#notice(t('no_media'), 'bad');
      this.#panel('chat');
      return;
    }
    if (this.#rebuilds > REBUILDS && this.#media.ice?.some((server) => server.credential)) this.#media = { ...this.#media, policy: 'relay' };
    this.link.send({ t: 'rebuild', epoch });
  }

  // ---- what is shown --------------------------------------------------------------------------------------

  #heard(message) {
    if (this.panel === 'chat') return;
    this.#unread += 1;
    this.#drawUnread();
    this.#say(t('message_from', { name: this.dataset.partner, text: message.text.slice(0, 200) }));
  }

  #drawUnread() {
    const count = $('[data-unread]', this);
    count.hidden = !this.#unread;
    count.textContent = this.#unread > 9 ? '9+' : String(this.#unread);
    count.setAttribute('aria-label', t('unread', { n: this.#unread }));
  }

  #panel(name) {
    const room = $('[data-view="room"]', this);
    const before = room.dataset.panel;
    room.dataset.panel = name;
    for (const panel of $$('[data-panel-of]', this)) panel.hidden = panel.dataset.panelOf !== name;
    for (const button of $$('[data-open-panel]', this)) button.setAttribute('aria-pressed', String(button.dataset.openPanel === name));
    if (name === 'chat') {
      this.#unread = 0;
      this.#drawUnread();
      const log = $('[data-log]', this);
      log.scrollTop = log.scrollHeight;
    }
    if (!this.#joined || before === name) return;
    if (name) $(`[data-panel-of="${name}"] textarea`, this)?.focus({ preventScroll: true });
    else $(`.live-controls [data-open-panel="${before}"]`, this)?.focus();
  }

  #linkState(tone) {
    const mark = $('[data-link]', this);
    mark.hidden = false;
    const words = tone === 'ok' ? t('link_ok') : t('link_lost');
    if (mark.dataset.tone === 'bad' && tone === 'ok') {
      this.#say(t('link_back'));
      this.#notice('', 'info');
    }
    if (tone === 'bad') this.#notice(t('link_lost'), 'warn');
    mark.dataset.tone = tone;
    mark.setAttribute('aria-label', words);
    mark.title = words;
  }

  #notice(words, tone) {
    const box = $('[data-notice]', this);
    box.hidden = !words;
    box.dataset.tone = tone;
    if (box.textContent !== words) box.textContent = words;
  }

  #say(words) { $('[data-say]', this).textContent = words; }

  #view(name) {
    this.dataset.state = name;
    for (const view of $$('[data-view]', this)) view.hidden = view.dataset.view !== name;
  }

  // ---- the end --------------------------------------------------------------------------------------------

  #ended(code) {
    this.peer.close();
    this.#screen?.stop();
    this.devices.close();
    if (code === FINAL.OVER) {
      this.#forget();
      location.replace(this.dataset.room); // the server says how it ended and what comes next
      return;
    }
    const [key, label, go] = {
      [FINAL.REPLACED]: ['replaced', t('here_instead'), () => location.reload()],
      [FINAL.SIGNED_OUT]: ['signed_out', t('retry'), () => location.assign(this.dataset.signIn)],
      [FINAL.OFF]: ['off', t('retry'), () => location.reload()],
      [FINAL.REFUSED]: ['refused', t('retry'), () => location.reload()],
    }[code];
    $('[data-over-title]', this).textContent = t(`${key}_title`);
    $('[data-over-text]', this).textContent = t(`${key}_text`);
    const act = $('[data-over-act]', this);
    act.textContent = label;
    act.addEventListener('click', go, { once: true });
    this.#view('over');
    $('[data-over-title]', this).focus();
  }

  #remember(textOnly = sessionStorage.getItem(this.key) === 'text') {
    sessionStorage.setItem(this.key, textOnly && !this.devices.tracks.mic && !this.devices.tracks.cam ? 'text' : this.devices.muted ? 'muted' : 'in');
  }

  #forget() {
    this.link?.stop();
    sessionStorage.removeItem(this.key);
  }
}

function toggle(button, on, labelOn, labelOff) {
  if (!button) return;
  button.setAttribute('aria-pressed', String(on));
  button.setAttribute('aria-label', on ? labelOn : labelOff);
  button.title = on ? labelOn : labelOff;
}

customElements.define('live-room', LiveRoom);
