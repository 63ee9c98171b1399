// Looks now and then whether the site is open again, and loads the page when it is.

const card = document.querySelector('[data-again]');
const seconds = Number(card?.dataset.again) || 0;

async function look() {
  try {
    const answer = await fetch(location.href, {
      headers: { Accept: 'text/html', 'X-Passive': '1' },
      cache: 'no-store',
    });
    if (answer.status !== 503) {
      location.reload();
      return;
    }
  } catch {
    // Offline: look again later.
  }
  wait();
}

// A little earlier or later each time, so that not everybody comes at once.
function wait() {
  setTimeout(look, seconds * 1000 * (0.75 + Math.random() / 2));
}

if (seconds) wait();
