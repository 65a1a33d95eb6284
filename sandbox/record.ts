export type Service = 'tenant' | 'github'

/** One request as it was seen. Authorization headers and the bodies of token requests are never kept. */
export type RequestRecord = {
  index: number
  service: Service
  method: string
  /** Path and query, without the base path of the service. */
  path: string
  headers: Record<string, string>
  /** Parsed JSON body, if there was one. */
  body?: unknown
  at: number
  /** Undefined until answered, and when the answer never reached the caller. */
  status: number | undefined
}
