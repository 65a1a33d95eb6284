import { isLoopback } from '../http/proxies.ts'

/** The origin of a tenant's address as a user wrote it, and a complaint if it can't be used. */
export function readTenant(
  text: string,
  allowCustomHost: boolean,
): { origin?: string | undefined; complaint?: string | undefined } {
  const url = URL.canParse(text) && /^https?:\/\//i.test(text) ? new URL(text) : undefined
  const address =
    url ??
    (URL.canParse(`https://${text}`) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? new URL(`https://${text}`) : undefined)
  const complaint =
    address === undefined
      ? 'is not an address; accepted is https://<tenant>.<region>.qlikcloud.com, or just the host'
      : unfit(address, allowCustomHost)
  return { origin: address?.origin, complaint }
}

function unfit(url: URL, allowCustomHost: boolean): string | undefined {
  const local = isLoopback(url.hostname)
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password'
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    return 'must be the bare address of the tenant, without a path'
  if (url.protocol === 'http:' && !local)
    return 'must begin with https: otherwise the credential would cross the network unencrypted'
  if (local || allowCustomHost) return undefined
  const isQlik = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.qlikcloud(gov)?\.com$/.test(url.hostname) && url.port === ''
  return isQlik
    ? undefined
    : 'is not a host of Qlik Cloud (*.qlikcloud.com, *.qlikcloudgov.com); set allow-custom-host: true if the host is yours'
}
