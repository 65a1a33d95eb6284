import type { Prover, TenantReader, TenantWriter } from '../ports.ts'
import type { Mask } from './born.ts'
import type { Http } from './http.ts'
import { createProver } from './qlik-prove.ts'
import { createReader } from './qlik-read.ts'
import { createSession, signOut, type Tenant } from './qlik-session.ts'
import { createWriter } from './qlik-write.ts'

export type Qlik = { through: (http: Http) => Ways; signOut: () => Promise<void> }
type Ways = { reader: TenantReader; writer: TenantWriter; prover: Prover }

/** The tenant's API. Nothing is sent before the first call; an admin client's access token is fetched once, and given back by `signOut`. */
export function createQlik(tenant: Tenant, http: Http, mask: Mask, wallClock: () => number): Qlik {
  const signedIn = createSession(tenant, http, mask, wallClock)
  return {
    through: (way) => {
      const session = { ...signedIn, http: way }
      return {
        reader: createReader(session),
        writer: createWriter(session, mask),
        prover: createProver(session, mask),
      }
    },
    signOut: () => signOut(signedIn),
  }
}
