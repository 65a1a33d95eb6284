/**
 * A checked proxy for https. `address`: `http://` or `https://` with host, port and credentials only. `variable`: the environment
 * variable that names it.
 */
export type NamedProxy = { address: string; variable: string }

/** `none`: the hosts that are reached without a proxy, as `NO_PROXY` lists them. */
export type Proxies = { https?: NamedProxy | undefined; none?: string | undefined }

/** The proxy for an address; undefined for a direct connection. Every address on this machine has a direct connection. */
export function proxyFor(url: string, { https, none }: Proxies): NamedProxy | undefined {
  const { protocol, hostname, port } = new URL(url)
  // Plain http is used on loopback only.
  if (https === undefined || protocol !== 'https:' || isLoopback(hostname)) return undefined
  return isReachedWithoutProxy(hostname, port || '443', none ?? '') ? undefined : https
}

/**
 * As GitHub's own toolkit reads it (actions/toolkit, http-client/src/proxy.ts): a lone star switches proxies off; a name also
 * covers its subdomains, a name that begins with a dot covers them only; a port may follow.
 */
function isReachedWithoutProxy(hostname: string, port: string, none: string): boolean {
  const host = withoutDot(hostname.toLowerCase())
  return none
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((item) => {
      const [, name = '', itsPort] = /^\*?(.*?)(?::(\d+))?$/.exec(item) ?? []
      if (item === '*') return true
      if (itsPort !== undefined && itsPort !== port) return false
      const wanted = withoutDot(name)
      return host === wanted || (wanted !== '' && host.endsWith(wanted.startsWith('.') ? wanted : `.${wanted}`))
    })
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '')
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** A proxy for people: its host and port, without its password, and the variable that names it. */
export function proxyLabel({ address, variable }: NamedProxy): string {
  const { protocol, hostname, port } = new URL(address)
  return `the proxy ${hostname}:${port || (protocol === 'https:' ? '443' : '80')} (${variable})`
}
