// The week editor works without this: an emptied range is left out when the form is saved.
import { on } from '@greenroom/ui';

on('click', '[data-drop-range]', (event, button) => {
  const range = button.closest('.sch-range');
  const day = range.closest('.sch-day');
  range.remove();
  (day.querySelector('.sch-range input') ?? day.querySelector('.sch-acts button')).focus();
});
