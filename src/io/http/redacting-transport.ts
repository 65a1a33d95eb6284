import { Blots } from '../../base/redactor.ts'
import type { Mask } from '../runner/mask-secret.ts'
import type { Proxies } from './proxies.ts'
import type { Transport, WireResponse } from './transport.ts'

type Masking = {
  runner: { mask: Mask }
  connect: (proxies: Proxies) => { transport: Transport; close: () => Promise<void> }
}

/**
 * The same host, but what a service says of a refusal, and its headers, come without what is masked. The runner blots out what
 * it can recognise; here nobody has shortened, escaped or taken apart the text yet.
 */
export function discreet<Host extends Masking>(host: Host): Host {
  const masked = new Blots()
  const mask = (text: string) => {
    masked.add(text)
    host.runner.mask(text)
  }
  const connect = (proxies: Proxies) => {
    const { transport, close } = host.connect(proxies)
    return {
      transport: async (...request: Parameters<Transport>) => blotted(await transport(...request), masked),
      close,
    }
  }
  return { ...host, runner: { ...host.runner, mask }, connect }
}

/** Good answers are left alone: they may bring an access token for the second time, or a description that is to be kept. */
function blotted({ status, headers, body }: WireResponse, masked: Blots): WireResponse {
  const blot = (text: string) => masked.over(text)
  const isGood = status >= 200 && status < 300
  return {
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, blot(value)])),
    body: isGood ? body : blot(withoutEscapes(body, blot)),
  }
}

/** JSON has many ways to write the same text. */
function withoutEscapes(body: string, blot: (text: string) => string): string {
  try {
    return JSON.stringify(JSON.parse(body, (_key, value: unknown) => (typeof value === 'string' ? blot(value) : value)))
  } catch {
    return body
  }
}
