/** Text that a picture's file carries: in a chunk of a PNG, in the metadata of an SVG, in the EXIF of JPEG and WebP. */
import { image } from './image/image.ts';
import { textOf, withText } from './png-text.ts';

const KEYWORD = 'lodestone';
const isPng = (bytes: Uint8Array): boolean => bytes[0] === 0x89 && bytes[1] === 0x50;
const isSvg = (bytes: Uint8Array): boolean => /^\s*(?:<\?xml[^>]*>\s*)?<svg/.test(utf8.decode(bytes.subarray(0, 200)));
const utf8 = new TextDecoder();

const [OPENS, CLOSES] = [`<metadata id="${KEYWORD}">`, '</metadata>'];
const METADATA = new RegExp(`${OPENS}([^<]*)${CLOSES}\\n?`, 'u');
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const plain = (text: string): string => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** The SVG without what it carries. */
export const bareSvg = (svg: string): string => svg.replace(METADATA, '');

/** EXIF holds ASCII; JSON says other letters by their numbers. */
const ascii = (json: string): string =>
  json.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A PNG or SVG with JSON that it carries; others as they are. */
export function carrying(bytes: Uint8Array, json: string): Uint8Array {
  if (isPng(bytes)) return withText(bytes, KEYWORD, json);
  if (!isSvg(bytes)) return bytes;
  const svg = bareSvg(utf8.decode(bytes));
  const end = svg.indexOf('>', svg.indexOf('<svg')) + 1;
  return new TextEncoder().encode(`${svg.slice(0, end)}\n${OPENS}${escaped(json)}${CLOSES}${svg.slice(end)}`);
}

/** What a picture carries; nothing where it carries none. */
export async function carried(bytes: Uint8Array): Promise<string | undefined> {
  if (isPng(bytes)) return textOf(bytes, KEYWORD);
  if (isSvg(bytes)) {
    const found = METADATA.exec(utf8.decode(bytes))?.[1];
    return found === undefined ? undefined : plain(found);
  }
  const { exif } = await image(bytes)
    .metadata()
    .catch(() => ({ exif: undefined }));
  const text = exif ? Buffer.from(exif).toString('latin1') : '';
  const from = text.indexOf('{"format":');
  return from < 0 ? undefined : text.slice(from).split('\0')[0];
}

export const STILLS = ['.png', '.jpg', '.jpeg', '.webp'] as const;
const QUALITY = 92;

/** A PNG in the format of a file's ending, with what it carried. */
export async function inFormat(png: Uint8Array, ending: string): Promise<Uint8Array> {
  if (ending === '.png') return png;
  const json = textOf(png, KEYWORD);
  const picture = json === undefined ? image(png) : image(png).withExif({ IFD0: { ImageDescription: ascii(json) } });
  return (ending === '.webp' ? picture.webp({ quality: QUALITY }) : picture.jpeg({ quality: QUALITY })).toBuffer();
}
