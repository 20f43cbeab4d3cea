/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case, for what this process fetches from now on. */

const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
let ready: Promise<void> | undefined;

/** To be awaited before something is fetched; does nothing where none of them is set. Throws TypeError for a proxy that is no address. */
export function honourProxies(): Promise<void> {
  if (!NAMES.some((name) => process.env[name])) return Promise.resolve();
  ready ??= import('undici').then(({ EnvHttpProxyAgent, setGlobalDispatcher }) =>
    setGlobalDispatcher(new EnvHttpProxyAgent()),
  );
  return ready;
}
