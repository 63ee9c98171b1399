// Who is here and who waits at the door; an interviewer lets people in and sends guests out.
import { t } from '@greenroom/i18n';
import { $ } from '@greenroom/dom';

const INVITED = ['guest', 'observer'];

export class People {
  known = new Map(); // id -> {id, name, role}
  here = new Set();
  knocking = new Set();
  me = '';

  constructor(root, { hosting, send }) {
    Object.assign(this, { hosting, send });
    this.pictures = JSON.parse(root.dataset.pictures);
    this.count = $('[data-people-count]', root);
    this.list = $('[data-people]', root);
    this.door = $('[data-door]', root);
  }

  /** Everything anew, from a welcome. */
  load({ me, people, peers, knocking }) {
    this.me = me;
    for (const person of people) this.known.set(person.id, person);
    this.here = new Set(peers.map(({ id }) => id));
    this.knocking = new Set(knocking);
    this.draw();
  }

  joined(person) {
    this.known.set(person.id, person);
    this.here.add(person.id);
    this.knocking.delete(person.id);
    this.draw();
  }

  left(id) {
    this.here.delete(id);
    this.draw();
  }

  knocks(person) {
    this.known.set(person.id, person);
    this.knocking.add(person.id);
    this.draw();
  }

  unknocks(id) {
    if (this.knocking.delete(id)) this.draw();
  }

  get(id) { return this.known.get(id) ?? { id, name: t('somebody'), role: 'guest' }; }

  name(id) { return this.get(id).name; }

  /** Who says something. Guests choose their names themselves, so what they are is said too. */
  speaker(id) {
    const { name, role } = this.get(id);
    return INVITED.includes(role) ? `${name} (${t(role)})` : name;
  }

  /** Whether others can see and hear them. */
  sends(id) { return this.get(id).role !== 'observer'; }

  face = (id, name) => {
    const picture = this.pictures[id];
    const el = document.createElement(picture ? 'img' : 'span');
    el.className = 'avatar xl';
    if (picture) Object.assign(el, { src: picture, alt: '' });
    else {
      el.textContent = name.split(/\s+/).map((word) => word[0] ?? '').slice(0, 2).join('').toUpperCase();
      el.setAttribute('aria-hidden', 'true');
    }
    return el;
  };

  draw() {
    this.count.textContent = String(this.here.size + 1);
    this.list.replaceChildren(...[this.me, ...this.here].map((id) => this.#row(id)));
    if (!this.door) return;
    this.door.hidden = this.knocking.size === 0;
    this.door.replaceChildren(...[...this.knocking].map((id) => this.#waiting(id)));
  }

  #row(id) {
    const { name, role } = this.get(id);
    const row = document.createElement('li');
    row.append(words(id === this.me ? `${name} (${t('you')})` : name, t(role)));
    if (this.hosting && INVITED.includes(role)) {
      const sure = (el) => {
        if (el.dataset.sure) this.send({ t: 'remove', who: id });
        el.dataset.sure = '1';
        el.textContent = t('remove_sure');
        el.setAttribute('aria-label', t('remove_sure_name', { name }));
      };
      row.append(button(t('remove'), 'ghost sm', t('remove_name', { name }), sure));
    }
    return row;
  }

  #waiting(id) {
    const { name, role } = this.get(id);
    const row = document.createElement('li');
    row.append(words(t('knocks', { name }), t(role)), button(t('let_in'), 'primary sm', t('let_in_name', { name }), () => this.send({ t: 'admit', who: id })));
    return row;
  }
}

function words(text, more) {
  const el = document.createElement('span');
  const small = document.createElement('span');
  small.className = 'small muted';
  small.textContent = more;
  el.className = 'grow';
  el.append(text, ' ', small);
  return el;
}

function button(text, kind, label, act) {
  const el = document.createElement('button');
  el.type = 'button';
  el.className = `btn ${kind}`;
  el.textContent = text;
  el.setAttribute('aria-label', label);
  el.addEventListener('click', () => act(el));
  return el;
}
