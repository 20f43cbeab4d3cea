/** Reports as one HTML file that stands alone: no scripts, nothing fetched, pictures inside. */

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
body { max-width: 1000px; margin: 32px auto; padding: 0 20px; }
table { border-collapse: collapse; margin: 12px 0; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 160px; max-height: 160px; border-radius: 3px; }
figure { margin: 16px 0; } figure svg { max-width: 100%; height: auto; }
.bad { color: #c0392b; font-weight: 600; } .good { color: #2e8b57; }
`;

/** Parts of a report, each escaped where it holds words of somebody. */
export const html = {
  heading: (text: string): string => `<h2>${escaped(text)}</h2>`,
  paragraph: (text: string): string => `<p>${escaped(text)}</p>`,
  /** SVG that our own code made. */
  figure: (svg: string): string => `<figure>${svg}</figure>`,
  picture: (webp: Uint8Array, alt: string): string =>
    `<img alt="${escaped(alt)}" src="data:image/webp;base64,${Buffer.from(webp).toString('base64')}">`,
  words: escaped,
  /** Cells are text, numbers, or HTML made by the functions here. */
  table: (
    columns: readonly string[],
    rows: readonly (readonly (string | number | { readonly html: string })[])[],
  ): string => {
    const cell = (value: string | number | { readonly html: string }): string => {
      if (typeof value === 'object') return `<td>${value.html}</td>`;
      if (typeof value === 'string') return `<td>${escaped(value)}</td>`;
      return `<td class="number">${Number.isInteger(value) ? value : value.toFixed(3)}</td>`;
    };
    const head = columns.map((c) => `<th>${escaped(c)}</th>`).join('');
    const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
    return `<table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`;
  },
};

export const reportPage = (title: string, parts: readonly string[]): string =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head>\n<body><h1>${escaped(title)}</h1>\n${parts.join('\n')}\n</body></html>\n`;
