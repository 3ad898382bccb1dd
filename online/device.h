/* device.h: a person logs in with a browser on another machine: the device authorization grant (RFC
 * 8628). */
#ifndef SASLFRESH_DEVICE_H
#define SASLFRESH_DEVICE_H

#include "granted.h"

/* Shows an address and a code, and asks until they were used. On failure nothing is stored;
 * forbidden then tells whether it is this flow that cannot be used, so that another one may be. */
bool login_by_device(const struct login *login, bool *forbidden, struct error *err);

#endif
