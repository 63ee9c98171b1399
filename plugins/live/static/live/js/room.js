// <live-room>: device check, then the room. Puts the parts together; each part knows nothing of the others.
import { t } from '@greenroom/i18n';
import { $, $$ } from '@greenroom/dom';
import { toast } from '@greenroom/ui';
import { Chat, newId } from './chat.js';
import { Devices, helpFor } from './devices.js';
import { FINAL, Link } from './link.js';
import { Notes } from './notes.js';
import { Mesh } from './mesh.js';
import { AUDIO, CAMERA, SCREEN } from './peer.js';
import { People } from './people.js';
import { PreJoin } from './prejoin.js';
import { Stage } from './stage.js';
import { Timer } from './timer.js';

const REBUILDS = 3; // new media connections tried before we say that there is none
const narrow = matchMedia('(max-width: 60rem)');

class LiveRoom extends HTMLElement {
  #epoch = 0;
  #media = {};
  #rebuilds = new Map(); // by person
  #screen = null;
  #unread = 0;
  #joined = false;

  connectedCallback() {
    this.side = this.dataset.role;
    this.sends = this.side !== 'observer';
    this.key = `live-room:${this.dataset.room}`;
    this.tab = tabOf(this.key);
    this.devices = new Devices();
    if (!globalThis.RTCPeerConnection) this.#onlyText();
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
    this.#press('[data-lobby-leave]', () => this.#forget());
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
    const send = (message) => this.link.send(message);
    this.people = new People(this, { hosting: this.side === 'interviewer', send });
    this.stage = new Stage(this, this.devices, this.people.face);
    this.link = new Link(this.dataset, () => ({ resume: this.mesh?.joined ? this.#epoch : '', seq: this.chat.seq }), () => this.#entering());
    this.link.addEventListener('message', ({ detail }) => this.#on[detail.t]?.(detail));
    this.link.addEventListener('up', () => this.#linkState('ok'));
    this.link.addEventListener('down', () => this.#linkState('bad'));
    this.link.addEventListener('end', ({ detail }) => this.#ended(detail));
    this.chat = new Chat(this, { me: () => this.people.me, name: (id, role) => (id ? this.people.speaker(id) : t(role)), send, heard: (message) => this.#heard(message) });
    this.timer = new Timer(this, { now: () => this.link.now(), send, say: (words) => this.#say(words) });
    if (this.side === 'interviewer') this.notes = new Notes(this, { key: this.dataset.room, send });
    this.#devicesChanged();
    $('#main', this).focus();
    this.#say(t('joining'));
    this.link.connect();
  }

  /** What is sent for a ticket: which tab this is, whether it replaces another device, by which name a guest comes. */
  #entering() {
    const move = sessionStorage.getItem(`${this.key}:move`) ?? '';
    sessionStorage.removeItem(`${this.key}:move`);
    const name = $('[data-guest-name]', this)?.value ?? '';
    return { tab: this.tab, ...(move || this.pre.elsewhere ? { move: 'true' } : {}), ...(name ? { name } : {}) };
  }

  /** A browser without real-time media: the words say so, and chat is still there. */
  #onlyText() {
    $('[data-no-media]', this).hidden = false;
    for (const button of $$('[data-join]', this)) button.hidden = true;
  }

  #meetAll(peers) {
    for (const { id, epoch } of peers) this.#meet(id, epoch);
    for (const id of this.mesh.ids) if (!this.people.here.has(id)) this.#part(id);
    for (const id of this.stage.ids) if (!this.people.here.has(id)) this.stage.left(id);
  }

  #meet(id, epoch) {
    if (this.people.sends(id)) this.stage.joined(id, this.people.get(id));
    if (!globalThis.RTCPeerConnection) {
      this.#notice(t('no_media'), 'bad');
      return;
    }
    const old = this.mesh.get(id)?.epoch ?? 0;
    if (epoch > old) this.stage.clear(id);
    this.mesh.meet(id, epoch, this.people.sends(id));
  }

  #part(id) {
    this.mesh.drop(id);
    this.#rebuilds.delete(id);
  }

  // ---- what the server says ------------------------------------------------------------------------------

  #on = {
    welcome: (m) => {
      $('[data-lobby]', this).hidden = !m.lobby;
      if (m.lobby) {
        this.people.me = m.me;
        this.#lobby(m);
        return;
      }
      if (this.dataset.state === 'lobby') this.#view('room');
      if (!this.mesh) this.#open(m.me);
      this.#epoch = m.epoch;
      this.people.load(m);
      if (m.media) this.#media = this.mesh.config = m.media;
      if (!m.resumed) this.mesh.close();
      this.chat.catchUp(m.chat);
      this.timer.update(m.timer);
      if (m.note) this.notes?.load(m.note);
      this.#meetAll(m.peers);
      this.#announce();
    },
    admitted: () => {
      this.#say(t('admitted'));
      this.link.renew();
    },
    knock: (m) => {
      this.people.knocks(m.who);
      this.#say(t('knocks', { name: m.who.name }));
    },
    unknock: (m) => this.people.unknocks(m.who),
    joined: (m) => {
      if (m.who.id === this.people.me) return;
      this.people.joined(m.who);
      this.#rebuilds.delete(m.who.id);
      this.#meet(m.who.id, Math.max(m.epoch, this.#epoch));
      this.#announce();
      this.#say(t('partner_joined', { name: m.who.name }));
    },
    resumed: (m) => {
      this.people.joined(m.who);
      this.#meet(m.who.id, Math.max(m.epoch, this.#epoch));
      this.#announce();
    },
    epoch: (m) => { if (this.people.here.has(m.who)) this.#meet(m.who, m.epoch); },
    left: (m) => {
      if (!this.people.here.has(m.who)) return;
      this.people.left(m.who);
      this.stage.left(m.who, () => { if (!this.people.here.has(m.who)) this.#part(m.who); });
      this.#say(t('partner_left', { name: this.people.name(m.who) }));
    },
    signal: (m) => this.mesh.receive(m),
    media: (m) => {
      const before = this.stage.get(m.who)?.remote;
      if (m.screen && before && !before.screen) this.#say(t('partner_shares', { name: this.people.name(m.who) }));
      this.stage.said(m.who, m);
      this.mesh.get(m.who)?.expect(m.audio || m.video || m.screen);
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

  /** Let in: the first welcome says who we are. */
  #open(me) {
    this.mesh = new Mesh({ me, sends: this.sends, send: (message) => this.link.send(message) });
    this.mesh.addEventListener('track', ({ detail }) => this.stage.track(detail.id, detail.line, detail.track));
    this.mesh.addEventListener('state', ({ detail }) => this.#mediaState(detail));
    this.mesh.addEventListener('broken', ({ detail }) => this.#rebuild(detail));
    this.#put();
    if (this.#screen) this.mesh.put(SCREEN, this.#screen);
  }

  #lobby(m) {
    this.#view('lobby');
    const face = $('[data-lobby-clock]', this);
    const draw = () => {
      if (this.dataset.state !== 'lobby') return;
      const left = Math.ceil((m.starts - this.link.now()) / 1000);
      face.hidden = left <= 0;
      if (left > 0) face.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
      setTimeout(draw, 500);
    };
    draw();
    $('[data-lobby-words]', this).textContent = t(m.lobby === 'start' ? 'lobby_start' : 'lobby_host');
    $('[data-lobby-title]', this).focus();
  }

  #announce() {
    const { devices } = this;
    if (!this.mesh || !this.sends) return;
    this.link.send({ t: 'media', audio: !devices.muted, video: Boolean(devices.tracks.cam), screen: Boolean(this.#screen) });
  }

  // ---- media ----------------------------------------------------------------------------------------------

  #devicesChanged() {
    const { mic, cam } = this.devices.tracks;
    for (const button of $$('[data-mic-toggle]', this)) toggle(button, !this.devices.muted, t('mute'), t('unmute'));
    for (const button of $$('[data-cam-toggle]', this)) toggle(button, Boolean(cam), t('cam_stop'), t('cam_start'));
    if (!this.#joined) return;
    this.#put();
    this.#announce();
    this.#remember();
    const help = ['mic', 'cam'].map((kind) => helpFor(kind, this.devices.errors[kind])).filter(Boolean).join(' ');
    const box = $('[data-device-help]', this);
    if (help && box.textContent !== help) toast(help, 'bad');
    box.textContent = help;
    box.hidden = !help;
  }

  #put() {
    const { mic, cam } = this.devices.tracks;
    this.mesh?.put(AUDIO, mic);
    this.mesh?.put(CAMERA, cam);
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
    await this.mesh?.put(SCREEN, track);
    this.#announce();
    toggle($('[data-share]', this), Boolean(track), t('share_stop'), t('share'));
    this.#notice(track ? t('sharing') : '', 'info');
  }

  #mediaState({ id, state }) {
    this.stage.media(id, state);
    if (state === 'connected') {
      this.#rebuilds.delete(id);
      if (this.dataset.media === 'unstable') this.#say(t('repaired'));
      this.#notice(this.#screen ? t('sharing') : '', 'info');
    } else if (state === 'unstable') {
      this.#notice(t('unstable'), 'warn');
    }
    this.dataset.media = state;
  }

  /** Repairing failed: a new connection; then only through a relay; then chat alone. */
  #rebuild({ id, epoch }) {
    const tries = (this.#rebuilds.get(id) ?? 0) + 1;
    this.#rebuilds.set(id, tries);
    if (tries > REBUILDS + 1) {
      this.#notice(t('no_media'), 'bad');
      this.#panel('chat');
      return;
    }
    if (tries > REBUILDS && this.#media.ice?.some((server) => server.credential)) this.#media = this.mesh.config = { ...this.#media, policy: 'relay' };
    this.link.send({ t: 'rebuild', to: id, epoch });
  }

  // ---- what is shown --------------------------------------------------------------------------------------

  #heard(message) {
    if (this.panel === 'chat') return;
    this.#unread += 1;
    this.#drawUnread();
    this.#say(t('message_from', { name: this.people.speaker(message.who), text: message.text.slice(0, 200) }));
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
    $('[data-here]', this).hidden = $('[data-timer]', this).hidden = name !== 'room';
    for (const view of $$('[data-view]', this)) view.hidden = view.dataset.view !== name;
  }

  // ---- the end --------------------------------------------------------------------------------------------

  #ended(code) {
    this.mesh?.close();
    this.#screen?.stop();
    this.devices.close();
    if (code === FINAL.OVER) {
      this.#forget();
      location.replace(this.dataset.room); // the server says how it ended and what comes next
      return;
    }
    const [key, label, go] = {
      [FINAL.REPLACED]: ['replaced', t('here_instead'), () => this.#moveHere()],
      [FINAL.ELSEWHERE]: ['elsewhere', t('move_here'), () => this.#moveHere()],
      [FINAL.FULL]: ['full', t('retry'), () => location.reload()],
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

  /** This tab instead of the device on which they are now. */
  #moveHere() {
    sessionStorage.setItem(`${this.key}:move`, '1');
    location.reload();
  }

  #remember(textOnly = sessionStorage.getItem(this.key) === 'text') {
    sessionStorage.setItem(this.key, textOnly && !this.devices.tracks.mic && !this.devices.tracks.cam ? 'text' : this.devices.muted ? 'muted' : 'in');
  }

  #forget() {
    this.link?.stop();
    sessionStorage.removeItem(this.key);
  }
}

/** A name for this tab that a reload keeps and no other tab has. */
function tabOf(key) {
  const known = sessionStorage.getItem(`${key}:tab`) ?? newId();
  sessionStorage.setItem(`${key}:tab`, known);
  return known;
}

function toggle(button, on, labelOn, labelOff) {
  if (!button) return;
  button.setAttribute('aria-pressed', String(on));
  button.setAttribute('aria-label', on ? labelOn : labelOff);
  button.title = on ? labelOn : labelOff;
}

customElements.define('live-room', LiveRoom);
