/** Pages that hold pictures, as data within: whoever made the page may have been handed what a policy blocks. */
import { html } from './kit/report.ts';

/** An element that shows a picture, or the address of one anywhere else, in a style say. */
const PICTURE = /<img\b[^>]*?data:image\/[^;,"'>]+;base64,([\w+/=]+)[^>]*>|data:image\/[^;,"')>]+;base64,([\w+/=]+)/gi;

/** The page with words in place of the pictures that are held back; `why` says so of one, or nothing. */
export async function gatedPage(
  page: string,
  why: (picture: Uint8Array) => Promise<string | undefined>,
): Promise<string> {
  let passed = '';
  let from = 0;
  for (const found of page.matchAll(PICTURE)) {
    const [whole, shown, elsewhere = ''] = found;
    const said = await why(Buffer.from(shown ?? elsewhere, 'base64'));
    if (said === undefined) continue;
    passed += page.slice(from, found.index) + (shown === undefined ? 'data:,' : `<em>${html.words(said)}</em>`);
    from = found.index + whole.length;
  }
  return passed + page.slice(from);
}
