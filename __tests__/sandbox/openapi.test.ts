import { describe, expect, it } from 'vitest'
import { validateGithubRequest as check } from '../../sandbox/openapi.ts'

const secret = '/repos/acme/app/actions/secrets/A'
const good = { encrypted_value: 'QUJD', key_id: '568250167242549743' }

describe('GitHub’s API description', () => {
  it.each([
    ['GET', '/repos/acme/app'],
    ['GET', '/repos/acme/app/environments/eu%2Fprod'],
    ['GET', '/repos/acme/app/environments/eu%2Fprod/secrets/public-key'],
    ['GET', '/repos/acme/app/actions/secrets?per_page=100&page=2'],
    ['PUT', secret, good],
    ['PUT', '/repositories/123/environments/staging/secrets/A', good],
    ['PUT', '/orgs/acme/agents/secrets/A', { ...good, visibility: 'all' }],
    ['DELETE', secret],
    ['GET', '/orgs/acme/actions/variables/A/repositories?per_page=100&page=2'],
    ['PUT', '/orgs/acme/dependabot/secrets/A/repositories', { selected_repository_ids: [1] }],
    ['PUT', '/orgs/acme/codespaces/secrets/A/repositories/1'],
    ['POST', '/repos/acme/app/actions/variables', { name: 'A', value: '' }],
    ['PATCH', '/repos/acme/app/environments/staging/variables/A', { value: 'x' }],
  ])('has nothing against %s %s', (method, path, body?: object) => {
    expect(check({ method, path, ...(body ? { body } : {}) })).toEqual([])
  })

  it.each([
    ['a numeric key_id', 'PUT', secret, { ...good, key_id: 5682501672 }, 'must be string'],
    ['a missing key_id', 'PUT', secret, { encrypted_value: 'QUJD' }, "required property 'key_id'"],
    ['a value that is not base64', 'PUT', secret, { ...good, encrypted_value: 'QU-_' }, 'must match pattern'],
    ['an unknown field', 'PUT', secret, { ...good, visibility: 'all' }, '(visibility)'],
    ['a missing body', 'PUT', secret, undefined, 'the body is missing'],
    ['a body where none belongs', 'DELETE', secret, {}, 'there must be no body'],
    ['a missing visibility', 'PUT', '/orgs/acme/actions/secrets/A', good, "required property 'visibility'"],
    [
      'an unknown path',
      'GET',
      '/repos/acme/app/environments/staging/public-key',
      undefined,
      'not in the API description',
    ],
    ['a trailing slash', 'GET', '/repos/acme/app/actions/secrets/', undefined, 'not in the API description'],
    [
      'a name that is not encoded',
      'GET',
      '/repos/acme/app/environments/eu/prod',
      undefined,
      'not in the API description',
    ],
    [
      'a secret named like the key',
      'PUT',
      '/repos/acme/app/actions/secrets/public-key',
      good,
      'not in the API description',
    ],
    ['a method that is not there', 'POST', secret, good, 'not in the API description'],
    [
      'an unknown query parameter',
      'GET',
      '/repos/acme/app/actions/secrets?limit=1',
      undefined,
      'limit is not described',
    ],
    ['a page that is no number', 'GET', '/repos/acme/app/actions/secrets?page=x', undefined, 'must be integer'],
  ])('rejects %s', (_what, method, path, body, problem) => {
    expect(check({ method, path, ...(body === undefined ? {} : { body }) }).join()).toContain(problem)
  })
})
