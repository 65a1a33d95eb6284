import type { NamedPlace } from '../../sandbox/github/model.ts'
import type { Scope } from '../../sandbox/github/scope.ts'
import type { StoreId } from '../../sandbox/github/stores.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'

/** Every secret that GitHub holds, of whomever. */
export function everyPlace({ github }: Sandbox): NamedPlace[] {
  const named = (place: Omit<NamedPlace, 'name'>, { secrets }: Scope) =>
    [...secrets.keys()].map((name) => ({ ...place, name }))
  const inStores = (place: Omit<NamedPlace, 'name'>, stores: Map<StoreId, Scope>) =>
    [...stores].flatMap(([store, scope]) => named({ ...place, store }, scope))
  return [
    ...[...github.repositoriesById.values()].flatMap(({ fullName: repository, stores, environments }) => [
      ...inStores({ repository }, stores),
      ...[...environments.values()].flatMap(({ name, scope }) => named({ repository, environment: name }, scope)),
    ]),
    ...[...github.organizations.values()].flatMap(({ login, stores }) => inStores({ organization: login }, stores)),
  ]
}

/** The same text for the same place, however it is written. */
export function placeKey({ repository, organization, environment, store = 'actions', name }: NamedPlace): string {
  const holder = organization ?? `${repository}${environment === undefined ? '' : `, environment ${environment}`}`
  return `${holder}: ${store} secret ${name}`.toLowerCase()
}
