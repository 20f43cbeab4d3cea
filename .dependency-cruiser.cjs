/** The arrows between rooms (ARCHITECTURE.md): graph <- autodiff <- clip <- engine <- guidance <- plugin <- plugins; the server imports core; the studio imports the wire. */
const room = (name, from, to, comment, except) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to, ...(except ? { pathNot: except } : {}) },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    room(
      'graph-is-lowest',
      '^core/graph/',
      '^core/(autodiff|clip|engine|guidance|image|plugin|process|store|training)/',
      'The graph knows nothing above it.',
    ),
    room(
      'autodiff-on-graph',
      '^core/autodiff/',
      '^core/(clip|engine|guidance|image|plugin|process|store|training)/',
      'Autodiff knows only graphs.',
    ),
    room(
      'clip-below-engine',
      '^core/clip/',
      '^core/(engine|guidance|plugin|process|training)/',
      'A model knows graphs and gradients.',
    ),
    room(
      'process-stands-alone',
      '^core/process/',
      '^core/(graph|autodiff|clip|engine|guidance|image|plugin|store)/',
      'Messages know nothing of what they carry.',
    ),
    room(
      'images-and-stores-on-processes',
      '^core/(image|store)/',
      '^core/(graph|autodiff|clip|engine|guidance|plugin|training)/',
      'Who opens pictures and keeps rows knows no model.',
    ),
    room('guidance-below-plugin', '^core/guidance/', '^core/(plugin)/', 'Guidance knows no plugins.'),
    room('engine-below-plugin', '^core/engine/', '^core/(plugin)/', 'The engine knows no plugins.'),
    room('core-knows-no-edge', '^core/', '^(plugins|server|web|test|examples)/', 'Core never imports the edges.'),
    room(
      'plugins-use-the-index',
      '^plugins/',
      '^(core|server|web|test|examples)/',
      'Plugins import only the public index.',
      '^core/index\\.ts$',
    ),
    room(
      'server-uses-the-index',
      '^server/',
      '^(core|plugins|web|test|examples)/',
      'The server imports only the public index of core.',
      '^core/index\\.ts$',
    ),
    room(
      'runs-know-no-place',
      '^server/runs/',
      '^server/(cli|data|http|keep|redis|work)/',
      'What a run is knows neither who works on it nor who looks at it.',
    ),
    room(
      'redis-is-a-store',
      '^server/redis/',
      '^server/(cli|data|http|keep|work)/',
      'A store knows runs and nothing above them.',
    ),
    room(
      'web-uses-the-wire',
      '^web/',
      '^(core|plugins|server|test|examples)/',
      'The studio imports only the wire protocol.',
      '^server/wire\\.ts$',
    ),
    room(
      'wire-stands-alone',
      '^server/wire\\.ts$',
      '^(core|plugins|server|web)/',
      'The wire protocol imports no code.',
    ),
    room(
      'examples-use-the-index',
      '^examples/',
      '^(core|plugins|server|web|test)/',
      'Examples import only the public index.',
      '^core/index\\.ts$',
    ),
    // The package's own face for authors is what is built of core/author.ts.
    { name: 'no-strays', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^lodestone/plugin$' } },
    {
      name: 'no-dev-tools-in-the-product',
      severity: 'error',
      from: { path: '^(core|plugins|server)/', pathNot: '^server/launch/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(core/clip/embedded|dist)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.css'],
    },
  },
};
