/* Clocks that jump when they are told to: preloaded into a program, this adds the two offsets of
 * the file named by TORTURE_CLOCK (two 64-bit numbers of nanoseconds: wall, monotonic) to what the
 * C library says. Waits until a monotonic time are moved back, so that they last as long as meant.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static const volatile int64_t nothing[2];
static const volatile int64_t *offsets = nothing;
static int (*real_gettime)(clockid_t, struct timespec *);

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("TORTURE_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *found = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED)
        offsets = found;
    close(file);
}

static int64_t offset_of(clockid_t id)
{
    switch (id) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: return offsets[0];
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME: return offsets[1];
    default: return 0;
    }
}

static struct timespec moved(struct timespec t, int64_t by)
{
    int64_t all = t.tv_sec * SECOND + t.tv_nsec + by;
    if (all < 0)
        all = 0;
    return (struct timespec){.tv_sec = all / SECOND, .tv_nsec = all % SECOND};
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (!real_gettime)
        real_gettime = next("clock_gettime");
    int status = real_gettime(id, t);
    if (!status)
        *t = moved(*t, offset_of(id));
    return status;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    int status = clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return status;
}

time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left)
{
    int (*real)(clockid_t, int, const struct timespec *, struct timespec *) =
        next("clock_nanosleep");
    struct timespec until = flags & TIMER_ABSTIME ? moved(*t, -offset_of(id)) : *t;
    return real(id, flags, &until, left);
}

int sem_clockwait(sem_t *sem, clockid_t id, const struct timespec *t)
{
    int (*real)(sem_t *, clockid_t, const struct timespec *) = next("sem_clockwait");
    struct timespec until = moved(*t, -offset_of(id));
    return real(sem, id, &until);
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
    const struct timespec *restrict t)
{
    /* Of a condition made with the monotonic clock, as CPython makes all of its own. */
    int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) =
        dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real)
        real = next("pthread_cond_timedwait");
    struct timespec until = moved(*t, -offsets[1]);
    return real(cond, mutex, &until);
}
