// The device check before the room. Nothing in it is a condition: joining works with whatever works.
import { t } from '@greenroom/i18n';
import { $, $$ } from '@greenroom/dom';
import { drawPickers, helpFor, meter, playNotes } from './devices.js';

export class PreJoin {
  #stopMeter = null;
  #metered = null;
  #heard = '';
  /** Known to be in the room on another device: joining here moves there from it. */
  elsewhere = false;

  constructor(room, devices) {
    this.room = room;
    this.root = $('[data-view="pre"]', room);
    this.devices = devices;
    this.drawing = () => this.draw();
    devices.addEventListener('change', this.drawing);
    $('[data-ask-now]', this.root)?.addEventListener('click', () => this.open());
    $('[data-speaker-test]', this.root).addEventListener('click', () => this.testSpeaker());
    $('[data-heard-yes]', this.root).addEventListener('click', () => this.heard('ok'));
    for (const button of $$('[data-retry]', this.root)) button.addEventListener('click', () => this.devices.open(button.dataset.retry));
    $('[data-heard-no]', this.root).addEventListener('click', () => this.heard('bad'));
    this.begin();
  }

  async begin() {
    if (!this.room.sends) this.room.devices.close();
    else if (await this.devices.allowed()) await this.open();
    else $('[data-ask]', this.root).hidden = false;
    this.draw();
    this.measure();
    this.polling = setInterval(() => this.poll(), 5000);
  }

  async open() {
    $('[data-ask]', this.root).hidden = true;
    await this.devices.openAll();
  }

  close() {
    clearInterval(this.polling);
    this.#stopMeter?.();
    this.devices.removeEventListener('change', this.drawing);
    const preview = $('[data-preview]', this.root);
    if (preview) preview.srcObject = null;
  }

  draw() {
    const { devices, root } = this;
    drawPickers(this.room, devices);
    const { cam, mic } = devices.tracks;
    if (!this.room.sends) return;
    const preview = $('[data-preview]', root);
    $('[data-mirror]', root).classList.toggle('has-picture', Boolean(cam));
    if (cam && preview.srcObject?.getVideoTracks()[0] !== cam) preview.srcObject = new MediaStream([cam]);
    if (!cam) preview.srcObject = null;
    const asked = $('[data-ask]', root).hidden;
    this.say('cam', cam ? 'ok' : devices.errors.cam ? 'bad' : '', cam ? t('cam_on') : asked ? t('cam_off') : t('not_asked'), helpFor('cam', devices.errors.cam));
    $('[data-cam-words]', root).textContent = asked ? t('cam_off') : t('not_asked');
    const micWords = mic ? (devices.muted ? t('mic_off') : t('mic_speak')) : asked ? t('mic_off') : t('not_asked');
    this.say('mic', mic ? 'ok' : devices.errors.mic ? 'bad' : '', micWords, helpFor('mic', devices.errors.mic));
    if (this.#metered !== mic) {
      this.#stopMeter?.();
      this.#metered = mic;
      const bar = $('[data-meter]', root);
      bar.value = 0;
      this.#stopMeter = mic ? meter(mic, (level) => { bar.value = level; }) : null;
    }
  }

  say(check, tone, words, help = '') {
    const row = $(`[data-check="${check}"]`, this.root);
    row.dataset.tone = tone;
    const said = $('[data-words]', row);
    if (said.textContent !== words) said.textContent = words;
    const box = $('[data-help]', row);
    box.hidden = !help;
    if (box.textContent !== help) box.textContent = help;
    const retry = $('[data-retry]', row);
    if (retry) retry.hidden = !help;
  }

  async testSpeaker() {
    this.say('speaker', '', t('speaker_playing'));
    await playNotes(this.devices.chosen.speaker).catch(() => {});
    this.say('speaker', this.#heard, t('speaker_asked'));
    $('[data-heard]', this.root).hidden = false;
  }

  heard(answer) {
    this.#heard = answer;
    $('[data-heard]', this.root).hidden = true;
    if (answer === 'ok') this.say('speaker', 'ok', t('speaker_ok'));
    else this.say('speaker', 'bad', '', t('speaker_help'));
    $('[data-speaker-test]', this.root).focus();
  }

  async measure() {
    const times = [];
    for (let i = 0; i < 4; i += 1) {
      const start = performance.now();
      this.check = await this.ask();
      if (!this.check) break;
      times.push(performance.now() - start);
    }
    if (times.length < 4) {
      this.say('net', 'bad', t('net_none'));
      return;
    }
    // the first one also opens the connection
    const ms = Math.round(times.slice(1).sort((a, b) => a - b)[1]);
    const slow = (navigator.connection?.downlink ?? 10) < 0.7;
    const grade = ms < 150 && !slow ? 'good' : ms < 400 ? 'fair' : 'weak';
    this.say('net', { good: 'ok', fair: 'warn', weak: 'bad' }[grade], t(`net_${grade}`, { ms }));
    const refused = await relayFault(this.check.ice ?? []);
    if (refused) this.say('net', 'warn', t(`net_${grade}`, { ms }), t('net_relay_bad', { code: refused }));
    this.drawPartner();
  }

  async ask() {
    try {
      const answer = await fetch(`${this.room.dataset.check}?tab=${this.room.tab}`, { headers: { Accept: 'application/json' } });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  async poll() {
    if (document.hidden) return;
    this.check = (await this.ask()) ?? this.check;
    this.drawPartner();
  }

  drawPartner() {
    if (!this.check) return;
    const name = this.room.dataset.partner;
    const words = this.check.partner_here ? t('partner_here', { name }) : t('partner_not_here', { name });
    const said = $('[data-partner-words]', this.root);
    if (said.textContent !== words) said.textContent = words;
    said.classList.toggle('here', this.check.partner_here);
    this.elsewhere = Boolean(this.check.elsewhere);
    const hint = $('[data-elsewhere]', this.root), join = $('[data-join] [data-join-label]', this.root);
    hint.hidden = !this.elsewhere;
    join.textContent = t(this.elsewhere ? 'move_here' : 'join');
    if (this.check.standing === 'open') this.opened();
    else if (!['open', 'early'].includes(this.check.standing)) location.reload();
  }

  /** The room has opened while we were looking in the mirror. */
  opened() {
    const wait = $('[data-wait]', this.root);
    if (!wait || wait.hidden) return;
    wait.hidden = true;
    for (const button of $$('[data-join], [data-join-text]', this.root)) button.disabled = false;
    $('[data-join-words]', this.root).textContent = t('opens_now');
  }
}

/** Tries the relay servers: the code of the fault, or nothing when all is well or there are none. */
async function relayFault(ice) {
  if (!ice.some((server) => server.credential)) return '';
  const pc = new RTCPeerConnection({ iceServers: ice, iceTransportPolicy: 'relay' });
  try {
    return await new Promise((done) => {
      let fault = '0';
      setTimeout(() => done(fault), 5000);
      pc.onicecandidate = (event) => event.candidate?.candidate.includes(' relay ') && done('');
      pc.onicecandidateerror = (event) => { fault = String(event.errorCode); };
      pc.createDataChannel('check');
      pc.setLocalDescription().catch(() => done(fault));
    });
  } finally {
    pc.close();
  }
}
