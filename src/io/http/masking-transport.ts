import { TextMasker } from '../../base/text-masker.ts'
import type { Mask } from '../runner/mask-secret.ts'
import type { Proxies } from './proxies.ts'
import type { Transport, WireResponse } from './transport.ts'

type Masking = {
  runner: { mask: Mask }
  connect: (proxies: Proxies) => { transport: Transport; close: () => Promise<void> }
}

/**
 * The same transport, but headers and refusals come without the masked texts. The runner hides only the texts that it recognizes;
 * here the text has not been shortened, escaped or split yet.
 */
export function withMaskedAnswers<Host extends Masking>(host: Host): Host {
  const masked = new TextMasker()
  const mask = (text: string) => {
    masked.add(text)
    host.runner.mask(text)
  }
  const connect = (proxies: Proxies) => {
    const { transport, close } = host.connect(proxies)
    return {
      transport: async (...request: Parameters<Transport>) => maskedAnswer(await transport(...request), masked),
      close,
    }
  }
  return { ...host, runner: { ...host.runner, mask }, connect }
}

/**
 * Successful answers stay unchanged: they may hold an access token that is already masked, or a description that must be kept.
 */
function maskedAnswer({ status, headers, body }: WireResponse, masked: TextMasker): WireResponse {
  const hide = (text: string) => masked.mask(text)
  const isGood = status >= 200 && status < 300
  return {
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, hide(value)])),
    body: isGood ? body : hide(withoutEscapes(body, hide)),
  }
}

/** JSON can write the same text in many ways. */
function withoutEscapes(body: string, hide: (text: string) => string): string {
  try {
    return JSON.stringify(JSON.parse(body, (_key, value: unknown) => (typeof value === 'string' ? hide(value) : value)))
  } catch {
    return body
  }
}
