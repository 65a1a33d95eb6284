import type { NamedProxy, Proxies } from '../http/proxies.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import type { Env } from './environment.ts'
import type { Problems } from './problems.ts'

/**
 * Proxies from the environment, with names in upper or lower case. The default scheme is http. Their passwords are masked, even
 * if the address can't be used.
 */
export function readProxies(env: Env, problems: Problems, mask: Mask): Proxies {
  // Plain http is used only on this machine, without a proxy. A mistake in its variable is reported all the same.
  proxyOf('HTTP_PROXY', env, problems, mask)
  return { https: proxyOf('HTTPS_PROXY', env, problems, mask), none: env.no_proxy || env.NO_PROXY }
}

const longestProxy = 4096

function proxyOf(name: string, env: Env, problems: Problems, mask: Mask): NamedProxy | undefined {
  const variable = env[name.toLowerCase()] ? name.toLowerCase() : name
  const text = env[variable]?.trim()
  if (!text) return undefined
  if (text.length > longestProxy) {
    problems.add(variable, `has at most ${longestProxy} characters`, text)
    return undefined
  }
  for (const password of passwordsIn(text)) maskedSecret(password, mask)
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isBare = url !== undefined && url.pathname.length <= 1 && url.search === '' && url.hash === ''
  if (url === undefined || !/^https?:$/.test(url.protocol) || !isBare) {
    problems.add(variable, 'is not the address of a proxy: http:// or https://, a host and a port, and no path', text)
    return undefined
  }
  try {
    decodeURIComponent(url.password + url.username)
    return { address: url.href, variable }
  } catch {
    problems.add(
      variable,
      'has a user name or password with a % that does not begin an escape: write %25 instead',
      text,
    )
    return undefined
  }
}

/** The text at the place of the password, escaped and unescaped, even if the address has other mistakes. */
function passwordsIn(text: string): string[] {
  const [, password = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/)?[^:]*:(.*)@/is.exec(text) ?? []
  const parsed = URL.canParse(text) ? new URL(text).password : ''
  return [...new Set([password, parsed].flatMap((it) => [it, unescaped(it)]))].filter((it) => it !== '')
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
