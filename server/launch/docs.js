/** Writes the plugins' pages: `npm run docs`. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './prepare.js';

prepare();
const built = (...parts) => import(pathToFileURL(join(root, 'dist', ...parts)).href);
const { BUILT_IN_PLUGINS, loadRegistry } = await built('core', 'index.js');
const { pagesIndex, pluginPage } = await built('server', 'plugin-page.js');
const place = join(root, 'web', 'docs');
const { plugins } = await loadRegistry([BUILT_IN_PLUGINS]);
for (const plugin of plugins) {
  const picture = `${plugin.id}.webp`;
  writeFileSync(
    join(place, `${plugin.id}.md`),
    pluginPage(plugin, existsSync(join(place, picture)) ? picture : undefined),
  );
}
writeFileSync(join(place, 'README.md'), pagesIndex(plugins));
