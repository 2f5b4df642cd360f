#pragma once
/* Names of keys and their codes. A code is a Unicode character, a control character, or one of K_…  Pure. */
#include "shared/base.h"

enum key {
	K_NONE = 0x110000, /* after the last Unicode character */
	K_UP,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_ENTER,
	K_ESC,
	K_BACKSPACE,
	K_DELETE,
	K_TAB,
	K_BACKTAB,
	K_F1,
	K_F5,
	K_ALT_ENTER,
	K_RESIZE,
	K_PASTE_BEGIN,
	K_PASTE_END,
};
#define K_CTRL(c) ((c)&0x1F)
#define K_CTRL_A 1
#define K_CTRL_E 5
#define K_CTRL_U 21
#define K_CTRL_W 23

/* The code of a key name: "j", "^r", "PgDn", "Space", "F1"; K_NONE when it is none. */
int keys_code(const char *name);
/* The name of a code; buf is used for plain characters. */
const char *keys_name(int code, char buf[static 16]);
