// A service on one of the well-known libraries: node service.js LIBRARY FOLDER, where FOLDER holds the keys. It prints the
// port that it listens on.
const [, , library, folder] = process.argv;
const http = require('http');
const path = require('path');
const fs = require('fs');
const publicKey = fs.readFileSync(path.join(folder, 'public.pem'), 'utf8');
const secret = fs.readFileSync(path.join(folder, 'secret.txt'), 'utf8');
const expected = { issuer: 'https://issuer.example', audience: 'https://api.example' };

const verifiers = {
  // As the manual shows it, with everything pinned.
  jsonwebtoken: async (token) => require('jsonwebtoken').verify(token, publicKey, { algorithms: ['RS256'], ...expected }),
  // Before 4.2 the token chooses the algorithm (CVE-2015-9235).
  'jsonwebtoken-old': async (token) => require('jsonwebtoken-old').verify(token, publicKey, expected),
  // The token chooses the algorithm (CVE-2016-10555).
  'jwt-simple': async (token) => require('jwt-simple').decode(token, publicKey),
  // decode() in the place of verify().
  'jsonwebtoken-decode': async (token) => {
    const claims = require('jsonwebtoken').decode(token);
    if (!claims) throw new Error('no token');
    return claims;
  },
  'jsonwebtoken-weak': async (token) => require('jsonwebtoken').verify(token, secret, { algorithms: ['HS256'], ...expected }),
  'jsonwebtoken-ignores-exp': async (token) =>
    require('jsonwebtoken').verify(token, publicKey, { algorithms: ['RS256'], ignoreExpiration: true, ...expected }),
  'jose-new': async (token) => {
    const jose = await import('jose-new');
    const key = await jose.importSPKI(publicKey, 'RS256');
    return (await jose.jwtVerify(token, key, { algorithms: ['RS256'], ...expected })).payload;
  },
  jose: async (token) => {
    const jose = require('jose');
    const key = await jose.importSPKI(publicKey, 'RS256');
    return (await jose.jwtVerify(token, key, { algorithms: ['RS256'], ...expected })).payload;
  },
};

const serve = (handler) => {
  const server = http.createServer(handler);
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
};
const bearer = (request) => (request.headers.authorization || '').replace(/^Bearer /, '');

if (library === 'express-jwt') {
  const express = require('express');
  const { expressjwt } = require('express-jwt');
  const app = express();
  app.use(expressjwt({ secret: publicKey, algorithms: ['RS256'], ...expected }));
  app.get('/me', (request, response) => response.json({ sub: request.auth.sub }));
  app.use((error, request, response, next) => response.status(error.status || 500).json({ error: error.code || 'error' }));
  serve(app);
} else {
  serve(async (request, response) => {
    try {
      const claims = await verifiers[library](bearer(request));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ sub: claims.sub }));
    } catch {
      response.statusCode = 401;
      response.setHeader('www-authenticate', 'Bearer');
      response.end('{"error":"invalid_token"}');
    }
  });
}
