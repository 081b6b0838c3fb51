// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Starts Aedes for the grid: aedes.js PORT open|users|strict, or aedes.js --version. The package
// is that of tools/interop (tools/setup test installs it).
//
// "open" leaves who may do what to Aedes. "users" knows the user ella with the password secret,
// and lets nobody use topics below denied/. "strict" refuses clients without a name as well.
'use strict';

const net = require('node:net');
const path = require('node:path');
const { createRequire } = require('node:module');

const from = createRequire(path.join(__dirname, '../../tools/interop/package.json'));

function denied(topic) {
    return topic === 'denied' || topic.startsWith('denied/');
}

function authenticate(anonymous, userName, password) {
    if (userName === undefined || userName === null) {
        return anonymous;
    }
    return userName === 'ella' && String(password) === 'secret';
}

async function main(port, mode) {
    const { Aedes } = await import(from.resolve('aedes'));
    const broker = await Aedes.createBroker({ connectTimeout: 5000, heartbeatInterval: 5000 });
    if (mode !== 'open') {
        guard(broker, mode === 'users');
    }
    net.createServer(broker.handle).listen(port, '127.0.0.1');
}

function guard(broker, anonymous) {
    const publishes = broker.authorizePublish;
    broker.authenticate = (client, userName, password, done) => {
        done(null, authenticate(anonymous, userName, password));
    };
    broker.authorizePublish = (client, packet, done) => {
        if (denied(packet.topic)) {
            done(new Error('not allowed'));
        } else {
            publishes(client, packet, done);
        }
    };
    broker.authorizeSubscribe = (client, subscription, done) => {
        done(null, denied(subscription.topic) ? null : subscription);
    };
}

if (process.argv[2] === '--version') {
    const file = path.join(path.dirname(from.resolve('aedes')), 'package.json');
    console.log(`aedes ${require(file).version}, node ${process.version}`);
} else {
    main(Number(process.argv[2]), process.argv[3]);
}
