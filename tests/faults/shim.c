/* Comes between SQLite and the disk (LD_PRELOAD): counts what is done to files of one folder, and at the n-th of these
 * kills the process or fails as a full or broken disk does. It can also write down all that is done, for power cuts.
 *
 * `disk.py` compiles it, and calls the functions that begin with `fault_`. One thread at a time is enough for tests.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, UNLINK = 8, READ = 16, CREATE = 32, MARK = 64, LINK = 128 };
enum { COUNT = 0, KILL_BEFORE = 1, KILL_TORN = 2, KILL_AFTER = 3, FAIL_ONCE = 4, FAIL_FROM = 5 };

static char folder[4096];
static size_t folder_length;
static int kinds, mode, error_number, log_file = -1;
static long at, seen;

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

void fault_arm(const char *in, int which, int how, long when, int error) {
    snprintf(folder, sizeof folder, "%s", in);
    folder_length = strlen(folder);
    kinds = which, mode = how, at = when, error_number = error, seen = 0;
}

void fault_disarm(void) { kinds = 0, mode = COUNT; }

long fault_seen(void) { return seen; }

void fault_log(int file) { log_file = file; }

/* -- which calls count ------------------------------------------------------------------------------------------- */

static const char *ours(const char *path) { /* the name within the folder, empty for the folder itself; or nothing */
    if (!folder_length || strncmp(path, folder, folder_length)) return NULL;
    if (path[folder_length] == '\0') return path + folder_length;
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static const char *ours_open(int file, char *into, size_t size) {
    char link[64];
    if (!folder_length) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, into, size - 1);
    if (length < 0) return NULL;
    into[length] = '\0';
    return ours(into);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What is to happen at this call: nothing (0), an error (1), half of it before the end (2), or only half of it (3), as a
 * disk does that is full from then on. */
static int fault(int kind) {
    if (!(kinds & kind)) return 0;
    seen++;
    if (mode == COUNT || seen < at || (seen > at && mode != FAIL_FROM)) return 0;
    if (mode == KILL_BEFORE) die();
    if (mode == KILL_TORN && kind == WRITE) return 2;
    if (mode == FAIL_FROM && kind == WRITE && seen == at && error_number == ENOSPC) return 3;
    if (mode == FAIL_ONCE || mode == FAIL_FROM) { errno = error_number; return 1; }
    return 0;
}

static void done(int kind) {
    if ((kinds & kind) && mode == KILL_AFTER && seen == at) die();
}

/* -- the log ----------------------------------------------------------------------------------------------------- */

static void put(const void *data, size_t length) {
    REAL(write);
    while (length) {
        ssize_t put = real(log_file, data, length);
        if (put <= 0) die();
        data = (const char *)data + put, length -= put;
    }
}

static void note(int kind, const char *name, long long offset, const void *data, size_t length) {
    if (log_file < 0) return;
    int saved = errno;
    long long head[4] = {kind, (long long)strlen(name), offset, (long long)length};
    put(head, sizeof head);
    put(name, strlen(name));
    if (data) put(data, length);
    errno = saved;
}

void fault_mark(const char *text) { note(MARK, "", 0, text, strlen(text)); }

/* -- what SQLite calls ------------------------------------------------------------------------------------------- */

static ssize_t written(ssize_t (*real)(int, const void *, size_t, off64_t), int file, const void *data, size_t length, off64_t offset) {
    char path[4096];
    const char *name = ours_open(file, path, sizeof path);
    if (!name) return real(file, data, length, offset);
    int what = fault(WRITE);
    if (what == 1) return -1;
    if (what == 3 && length > 1) return real(file, data, length / 2, offset);
    if (what == 2) { real(file, data, length / 2, offset); die(); }
    ssize_t result = real(file, data, length, offset);
    if (result > 0) note(WRITE, name, offset, data, result);
    done(WRITE);
    return result;
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
    REAL(pwrite64);
    return written(real, file, data, length, offset);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
    return pwrite64(file, data, length, offset);
}

ssize_t pread64(int file, void *data, size_t length, off64_t offset) {
    REAL(pread64);
    char path[4096];
    if ((kinds & READ) && ours_open(file, path, sizeof path) && fault(READ)) return -1;
    return real(file, data, length, offset);
}

ssize_t pread(int file, void *data, size_t length, off_t offset) { return pread64(file, data, length, offset); }

/* The disk is not waited for: what a killed process has written stays, and after a power cut only the log counts. */
static int synced(int file) {
    char path[4096];
    const char *name = ours_open(file, path, sizeof path);
    if (!name) return 0;
    if (fault(SYNC)) return -1;
    note(SYNC, name, 0, NULL, 0);
    done(SYNC);
    return 0;
}

int fsync(int file) { return synced(file); }

int fdatasync(int file) { return synced(file); }

int ftruncate64(int file, off64_t length) {
    REAL(ftruncate64);
    char path[4096];
    const char *name = ours_open(file, path, sizeof path);
    if (!name) return real(file, length);
    if (fault(TRUNCATE)) return -1;
    int result = real(file, length);
    if (!result) note(TRUNCATE, name, length, NULL, 0);
    done(TRUNCATE);
    return result;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int unlink(const char *path) {
    REAL(unlink);
    const char *name = ours(path);
    if (!name) return real(path);
    if (fault(UNLINK)) return -1;
    int result = real(path);
    if (!result) note(UNLINK, name, 0, NULL, 0);
    done(UNLINK);
    return result;
}

/* A second name, as Python gives one to a whole file. The log has the first one as what was written. */
int link(const char *path, const char *other) {
    REAL(link);
    const char *name = ours(other), *first = ours(path);
    if (!name || !first) return real(path, other);
    if (fault(LINK)) return -1;
    int result = real(path, other);
    if (!result) note(LINK, name, 0, first, strlen(first));
    done(LINK);
    return result;
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    mode_t rights = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        rights = va_arg(more, mode_t);
        va_end(more);
    }
    const char *name = ours(path);
    if (!name || !(flags & O_CREAT) || !access(path, F_OK)) return real(path, flags, rights);
    if (fault(CREATE)) return -1;
    int result = real(path, flags, rights);
    if (result >= 0) note(CREATE, name, 0, NULL, 0);
    done(CREATE);
    return result;
}

int open(const char *path, int flags, ...) {
    mode_t rights = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        rights = va_arg(more, mode_t);
        va_end(more);
    }
    return open64(path, flags, rights);
}
