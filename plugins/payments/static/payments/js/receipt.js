// Printing is the browser's work; this only opens its dialog.
import { on } from '@greenroom/ui';

on('click', '[data-print]', () => window.print());
