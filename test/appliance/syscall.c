// One function for Node, `call(name, ...arguments)`: makes a system call as code that has taken over a process could, and returns what the kernel
// said: the result, or the error's number below zero. Arguments are numbers, strings (their address) and buffers (theirs).

#define NAPI_VERSION 8
#define _GNU_SOURCE
#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGUMENTS 6
#define ENTRY(name) { #name, SYS_##name }
static const struct { const char *name; long number; } CALLS[] = {
    ENTRY(socket), ENTRY(listen), ENTRY(sendto), ENTRY(recvfrom), ENTRY(ftruncate), ENTRY(close), ENTRY(ptrace), ENTRY(process_vm_readv), ENTRY(process_vm_writev), ENTRY(kill), ENTRY(pidfd_getfd),
    ENTRY(pidfd_send_signal), ENTRY(mount), ENTRY(umount2), ENTRY(fsopen), ENTRY(open_tree), ENTRY(move_mount), ENTRY(pivot_root), ENTRY(chroot),
    ENTRY(unshare), ENTRY(setns), ENTRY(setuid), ENTRY(setgid), ENTRY(setresuid), ENTRY(setgroups), ENTRY(capset), ENTRY(keyctl), ENTRY(add_key),
    ENTRY(request_key), ENTRY(io_uring_setup), ENTRY(bpf), ENTRY(perf_event_open), ENTRY(userfaultfd), ENTRY(init_module), ENTRY(finit_module),
    ENTRY(delete_module), ENTRY(kexec_load), ENTRY(reboot), ENTRY(swapon), ENTRY(sethostname), ENTRY(settimeofday), ENTRY(clock_settime),
    ENTRY(adjtimex), ENTRY(syslog), ENTRY(acct), ENTRY(quotactl), ENTRY(open_by_handle_at), ENTRY(name_to_handle_at), ENTRY(fanotify_init),
    ENTRY(mknodat), ENTRY(fchmodat), ENTRY(fchownat), ENTRY(linkat), ENTRY(personality), ENTRY(sched_setscheduler), ENTRY(setpriority),
    ENTRY(mlockall), ENTRY(memfd_create), ENTRY(vhangup), ENTRY(shmget), ENTRY(prlimit64), ENTRY(getuid), ENTRY(seccomp), ENTRY(prctl),
#ifdef SYS_iopl
    ENTRY(iopl), ENTRY(ioperm), ENTRY(modify_ldt),
#endif
};

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

static int read_argument(napi_env env, napi_value value, long *argument, char **text) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  if (type == napi_number) {
    int64_t number;
    napi_get_value_int64(env, value, &number);
    *argument = (long)number;
    return 1;
  }
  if (type == napi_string) {
    size_t length;
    napi_get_value_string_utf8(env, value, NULL, 0, &length);
    *text = malloc(length + 1);
    if (*text == NULL) return 0;
    napi_get_value_string_utf8(env, value, *text, length + 1, &length);
    *argument = (long)*text;
    return 1;
  }
  void *bytes;
  if (napi_get_buffer_info(env, value, &bytes, NULL) != napi_ok) return 0;
  *argument = (long)bytes;
  return 1;
}

static napi_value call(napi_env env, napi_callback_info info) {
  size_t count = ARGUMENTS + 1;
  napi_value values[ARGUMENTS + 1];
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
  char name[64];
  size_t length;
  if (count == 0 || napi_get_value_string_utf8(env, values[0], name, sizeof name, &length) != napi_ok) return fail(env, "the first argument is a system call's name");
  long number = -1;
  for (size_t place = 0; place < sizeof CALLS / sizeof *CALLS; place++)
    if (strcmp(CALLS[place].name, name) == 0) number = CALLS[place].number;
  long arguments[ARGUMENTS] = {0};
  char *texts[ARGUMENTS] = {0};
  for (size_t place = 1; place < count; place++)
    if (!read_argument(env, values[place], &arguments[place - 1], &texts[place - 1])) return fail(env, "an argument is no number, string or buffer");
  if (number < 0) return fail(env, "no such system call in the table of syscall.c");
  errno = 0;
  long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
  if (result == -1) result = -errno;
  for (size_t place = 0; place < ARGUMENTS; place++) free(texts[place]);
  napi_value answer;
  napi_create_int64(env, result, &answer);
  return answer;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "call", NAPI_AUTO_LENGTH, call, NULL, &function);
  napi_set_named_property(env, exports, "call", function);
  return exports;
}
