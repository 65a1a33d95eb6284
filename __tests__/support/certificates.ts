import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** `authority`: file with the certificate authority that vouches for it. */
export type Certificates = { key: string; cert: string; authority: string }

/** A certificate for these names, by an authority made for it. */
export function certificates(names: string[]): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'certificates-'))
  const file = (name: string) => path.join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  )
  openssl('req', ...newKey, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${names[0]}`)
  writeFileSync(file('names'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`)
  const signing = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('names')]
  openssl('x509', '-req', '-in', file('csr'), ...signing, '-out', file('cert'), '-days', '2')
  return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8'), authority: file('ca.pem') }
}
