/** Why no answer came. `refused` and `hopeless`: nothing was sent. `hint`: a remedy for this case, if one is known. */
export class TransportError extends Error {
  readonly kind: 'refused' | 'hopeless' | 'lost' | 'silent' | 'oversized'
  readonly hint: string | undefined
  constructor(kind: TransportError['kind'], message: string, cause?: unknown, hint?: string) {
    super(message, { cause })
    this.kind = kind
    this.hint = hint
  }
}

/** The thrown value as a TransportError. `hasAnswered`: the host answered in this run, so it exists. */
export function toTransportError(
  thrown: unknown,
  { aborted }: { aborted: boolean },
  hasAnswered: boolean,
): TransportError {
  if (thrown instanceof TransportError) return thrown
  if (aborted) return new TransportError('silent', 'no answer in time', thrown)
  const { code, syscall } = reasonOf(thrown)
  // Name resolution can fail for a moment: a host that answered before exists.
  if (code === 'ENOTFOUND' && !hasAnswered) return new TransportError('hopeless', 'there is no such host', thrown)
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code))
    return new TransportError('hopeless', `its certificate is not trusted (${code})`, thrown)
  if (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
    (code === 'EPROTO' && /wrong version number/i.test(String(thrown)))
  )
    return new TransportError('hopeless', 'it does not speak TLS', thrown)
  // Most codes can also come on an open connection. Only while connecting is it certain that nothing was sent.
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return new TransportError('refused', 'no connection in time', thrown)
  const neverSent = syscall === 'connect' || syscall === 'getaddrinfo'
  if (neverSent) return new TransportError('refused', `the connection failed (${code})`, thrown)
  return new TransportError('lost', `the connection broke (${code || 'no reason given'})`, thrown)
}

/** Is it a defect of this program, and not a network failure? */
export function isDefect(thrown: unknown): boolean {
  return thrown instanceof TypeError && reasonOf(thrown).code === ''
}

type FailureReason = { code?: unknown; syscall?: unknown; errors?: FailureReason[]; cause?: FailureReason }

/** Node wraps failures of several addresses into one AggregateError: the first one names the cause. */
function reasonOf(thrown: unknown): { code: string; syscall: string } {
  const error = thrown as FailureReason | undefined
  const reason = [error, error?.errors?.[0], error?.cause].find(
    (it) => typeof it?.code === 'string' && it.syscall !== undefined,
  )
  const { code, syscall } = reason ?? error?.errors?.[0] ?? error ?? {}
  return { code: typeof code === 'string' ? code : '', syscall: typeof syscall === 'string' ? syscall : '' }
}
