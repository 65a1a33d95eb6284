import { TextMasker } from '../../base/text-masker.ts'
import type { Mask } from '../runner/mask-secret.ts'
import type { Proxies } from './proxies.ts'
import type { Transport, WireResponse } from './transport.ts'

// A shorter text could be a word of the output itself.
const shortestInOutput = 16

type Masking = {
  runner: {
    mask: Mask
    output(values: Record<string, string>): Promise<void>
    summary(markdown: string): Promise<void>
  }
  connect: (proxies: Proxies) => { transport: Transport; close: () => Promise<void> }
}

/**
 * The same transport, but headers and refusals come without the masked texts. The runner hides only the texts that it recognizes;
 * here the text has not been shortened, escaped or split yet. Outputs and the summary hide them too: somebody may have pasted a credential
 * of this run into a client's description, and the runner masks no output.
 */
export function withMaskedAnswers<Host extends Masking>(host: Host): Host {
  const masked = new TextMasker()
  const long = new TextMasker()
  const mask = (text: string) => {
    masked.add(text)
    if (text.length >= shortestInOutput) long.add(text)
    host.runner.mask(text)
  }
  const output = (values: Record<string, string>) =>
    host.runner.output(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, long.mask(value)])))
  const summary = (markdown: string) => host.runner.summary(long.mask(markdown))
  const connect = (proxies: Proxies) => {
    const { transport, close } = host.connect(proxies)
    return {
      transport: async (...request: Parameters<Transport>) => maskedAnswer(await transport(...request), masked),
      close,
    }
  }
  return { ...host, runner: { ...host.runner, mask, output, summary }, connect }
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
