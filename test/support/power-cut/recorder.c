/* Preloaded into a process under test: writes every change of a file below WEIR_RECORD_ROOT, in the order in which the
 * kernel saw it, to WEIR_RECORD_LOG. One lock is held over each recorded call, so the order in the log is the true one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OP_WRITE = 1, OP_SYNC = 2, OP_TRUNCATE = 3, OP_RENAME = 4, OP_UNLINK = 5, OP_CREATE = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *root;
static size_t root_length;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
  root = getenv("WEIR_RECORD_ROOT");
  const char *log = getenv("WEIR_RECORD_LOG");
  if (root == NULL || log == NULL) return;
  root_length = strlen(root);
  log_fd = ((int (*)(const char *, int, ...))real("open"))(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  unsetenv("LD_PRELOAD");
}

static int is_recorded(const char *path) {
  return log_fd >= 0 && path != NULL && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static const char *path_of(int fd, char *buffer) {
  if (log_fd < 0) return NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length < 0) return NULL;
  buffer[length] = 0;
  return is_recorded(buffer) ? buffer : NULL;
}

/* Record: u32 op, u32 path length, u64 offset, u32 data length, path, data. */
static void record(uint32_t op, const char *path, uint64_t offset, const void *data, uint32_t length) {
  uint32_t path_length = (uint32_t)strlen(path);
  char head[20];
  memcpy(head, &op, 4);
  memcpy(head + 4, &path_length, 4);
  memcpy(head + 8, &offset, 8);
  memcpy(head + 16, &length, 4);
  struct iovec parts[3] = {{head, sizeof head}, {(void *)path, path_length}, {(void *)data, length}};
  ssize_t (*real_writev)(int, const struct iovec *, int) = real("writev");
  if (real_writev(log_fd, parts, 3) != (ssize_t)(sizeof head + path_length + length)) abort();
}

#define LOCKED(statement) do { pthread_mutex_lock(&lock); statement; pthread_mutex_unlock(&lock); } while (0)

static ssize_t record_written(const char *path, uint64_t offset, const void *data, ssize_t count) {
  if (count > 0) record(OP_WRITE, path, offset, data, (uint32_t)count);
  return count;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  char buffer[PATH_MAX];
  ssize_t (*call)(int, const void *, size_t, off64_t) = real("pwrite64");
  const char *path = path_of(fd, buffer);
  if (path == NULL) return call(fd, data, length, offset);
  ssize_t count;
  LOCKED(count = record_written(path, (uint64_t)offset, data, call(fd, data, length, offset)));
  return count;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t write(int fd, const void *data, size_t length) {
  char buffer[PATH_MAX];
  ssize_t (*call)(int, const void *, size_t) = real("write");
  const char *path = path_of(fd, buffer);
  if (path == NULL) return call(fd, data, length);
  ssize_t count;
  pthread_mutex_lock(&lock);
  count = call(fd, data, length);
  if (count > 0) record_written(path, (uint64_t)lseek(fd, 0, SEEK_CUR) - (uint64_t)count, data, count);
  pthread_mutex_unlock(&lock);
  return count;
}

static int synced(int fd, const char *name) {
  char buffer[PATH_MAX];
  int (*call)(int) = real(name);
  const char *path = path_of(fd, buffer);
  if (path == NULL) return call(fd);
  int result;
  LOCKED(result = call(fd); if (result == 0) record(OP_SYNC, path, 0, "", 0));
  return result;
}
int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

int ftruncate64(int fd, off64_t length) {
  char buffer[PATH_MAX];
  int (*call)(int, off64_t) = real("ftruncate64");
  const char *path = path_of(fd, buffer);
  if (path == NULL) return call(fd, length);
  int result;
  LOCKED(result = call(fd, length); if (result == 0) record(OP_TRUNCATE, path, (uint64_t)length, "", 0));
  return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int rename(const char *from, const char *to) {
  int (*call)(const char *, const char *) = real("rename");
  if (!is_recorded(from)) return call(from, to);
  int result;
  LOCKED(result = call(from, to); if (result == 0) record(OP_RENAME, from, 0, to, (uint32_t)strlen(to)));
  return result;
}

int unlink(const char *path) {
  int (*call)(const char *) = real("unlink");
  if (!is_recorded(path)) return call(path);
  int result;
  LOCKED(result = call(path); if (result == 0) record(OP_UNLINK, path, 0, "", 0));
  return result;
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
  int (*call)(const char *, int, ...) = real(name);
  if (!is_recorded(path) || (flags & (O_CREAT | O_TRUNC)) == 0) return call(path, flags, mode);
  int fd;
  pthread_mutex_lock(&lock);
  int is_new = access(path, F_OK) != 0;
  fd = call(path, flags, mode);
  if (fd >= 0 && is_new) record(OP_CREATE, path, mode, "", 0);
  if (fd >= 0 && !is_new && (flags & O_TRUNC)) record(OP_TRUNCATE, path, 0, "", 0);
  pthread_mutex_unlock(&lock);
  return fd;
}
#define OPEN(name) int name(const char *path, int flags, ...) { va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); return opened(#name, path, flags, mode); }
OPEN(open)
OPEN(open64)
