// Keeps a scorecard's draft while it is written, and prints one. Both work by buttons without this.
import { post } from '@greenroom/ui';
import { t } from '@greenroom/i18n';

const PAUSE = 2500;

function autosave(form) {
  const said = form.querySelector('[data-fb-saved]');
  const version = form.querySelector('input[name="version"]');
  let timer = 0;
  let running = false;
  let again = false;
  let over = false;

  const say = (text) => { if (said) said.textContent = text; };

  async function save() {
    if (over) return;
    if (running) { again = true; return; }
    running = true;
    say(t('Saving…'));
    try {
      const response = await post(form.dataset.fbAutosave, new FormData(form), { headers: { Accept: 'application/json' } });
      if (response.ok) {
        const answer = await response.json();
        version.value = answer.version;
        say(answer.said);
      } else if (response.status === 409) {
        over = true; // another window is ahead: stop, so that nothing of it is overwritten unasked
        say(t('This was changed in another window. Reload to compare.'));
      } else {
        say(t('Not saved. Check your connection.'));
      }
    } catch {
      say(t('Not saved. Check your connection.'));
    }
    running = false;
    if (again) { again = false; save(); }
  }

  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  // what is sent by a button must not race with a save that is still to come
  form.addEventListener('submit', (event) => {
    clearTimeout(timer);
    over = true;
    if (running) {
      event.preventDefault();
      const button = event.submitter;
      const wait = setInterval(() => {
        if (running) return;
        clearInterval(wait);
        form.requestSubmit(button);
      }, 50);
    }
  });
}

document.querySelectorAll('form[data-fb-autosave]').forEach(autosave);
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-fb-print]')) window.print();
});
