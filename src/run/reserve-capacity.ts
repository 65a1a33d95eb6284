import type { ServiceName } from '../base/rate-budget.ts'
import type { Api } from '../io/github/api.ts'
import { createDestinationReader } from '../io/github/read.ts'
import { createDestinationWriter } from '../io/github/write.ts'
import { type Http, type Service, waitText } from '../io/http/service-client.ts'
import { createProver } from '../io/qlik/prove-credential.ts'
import { createTenantReader } from '../io/qlik/read.ts'
import type { Session } from '../io/qlik/session.ts'
import { createTenantWriter } from '../io/qlik/write.ts'
import type { Mask } from '../io/runner/mask-secret.ts'
import type { Reservation, Reserve } from '../ports.ts'

/** Both services and their connections. `api` is undefined if nothing is delivered. */
export type Services = {
  tenant: Service
  github: Service
  session: Session
  api: Api | undefined
  mask: Mask
}

/** Waits until the limits of both services leave room for a client's work, and returns its connections to them. */
export function reserveCapacity(services: Services): Reserve {
  return async (need, reporter, waiting) => {
    const at = (service: ServiceName) =>
      services[service].reserve(need[service], reporter, (wait) => waiting(waitText(service, wait)))
    const tenant = await at('tenant')
    const github = await at('github').catch((thrown: unknown) => {
      tenant.release()
      throw thrown
    })
    const release = () => {
      tenant.release()
      github.release()
    }
    return { ...readersAndWriters(services, tenant.http, github.http), release }
  }
}

function readersAndWriters(
  { session: signedIn, api: signedInApi, mask }: Services,
  tenant: Http,
  places: Http,
): Omit<Reservation, 'release'> {
  const session = { ...signedIn, http: tenant }
  const api = signedInApi && { ...signedInApi, http: places }
  return {
    readers: {
      tenant: createTenantReader(session),
      destinations: createDestinationReader(api),
      spaces: async () => (await import('../io/qlik/spaces.ts')).createSpaceReader(session),
    },
    writers: {
      tenant: createTenantWriter(session, mask),
      destinations: createDestinationWriter(api),
      spaces: async () => (await import('../io/qlik/spaces.ts')).createSpaceWriter(session),
      prover: createProver(session, mask),
    },
  }
}
