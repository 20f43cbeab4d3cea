/** Zod's sentences in some fifty languages, of which none but English is spoken here. A plugin of esbuild. */
export const english = {
  name: 'english',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    })),
};
