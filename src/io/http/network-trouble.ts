/** Why no answer came. `refused` and `hopeless`: nothing was sent; `hint`: how to mend it, where more is known than in general. */
export class TransportError extends Error {
  readonly kind: 'refused' | 'hopeless' | 'lost' | 'silent' | 'oversized'
  readonly hint: string | undefined
  constructor(kind: TransportError['kind'], message: string, cause?: unknown, hint?: string) {
    super(message, { cause })
    this.kind = kind
    this.hint = hint
  }
}

/** What was thrown, as one of our own errors. `hasAnswered`: the host did so a moment ago, so it exists. */
export function classified(thrown: unknown, { aborted }: { aborted: boolean }, hasAnswered: boolean): TransportError {
  if (thrown instanceof TransportError) return thrown
  if (aborted) return new TransportError('silent', 'no answer in time', thrown)
  const { code, syscall } = reasonOf(thrown)
  // Resolvers stumble: what answered before is there.
  if (code === 'ENOTFOUND' && !hasAnswered) return new TransportError('hopeless', 'there is no such host', thrown)
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code))
    return new TransportError('hopeless', `its certificate is not trusted (${code})`, thrown)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || (code === 'EPROTO' && /wrong version number/i.test(String(thrown))))
    return new TransportError('hopeless', 'it does not speak TLS', thrown)
  // Most codes also come on a connection that was up: only while it is made nothing was sent for sure.
  const neverSent = syscall === 'connect' || syscall === 'getaddrinfo'
  if (neverSent) return new TransportError('refused', `the connection failed (${code})`, thrown)
  return new TransportError('lost', `the connection broke (${code || 'no reason given'})`, thrown)
}

/** Is it a defect of ours, and no matter of the network? */
export function isDefect(thrown: unknown): boolean {
  return thrown instanceof TypeError && reasonOf(thrown).code === ''
}

type Reason = { code?: unknown; syscall?: unknown; errors?: Reason[]; cause?: Reason }

/** Node wraps failures of several addresses into one AggregateError: the first tells. */
function reasonOf(thrown: unknown): { code: string; syscall: string } {
  const error = thrown as Reason | undefined
  const reason = [error, error?.errors?.[0], error?.cause].find(
    (it) => typeof it?.code === 'string' && it.syscall !== undefined,
  )
  const { code, syscall } = reason ?? error?.errors?.[0] ?? error ?? {}
  return { code: typeof code === 'string' ? code : '', syscall: typeof syscall === 'string' ? syscall : '' }
}
