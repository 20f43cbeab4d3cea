/** As much of a text as is shown at once. */
const LONGEST = 500;

export const shortened = (text: string, longest = LONGEST): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
