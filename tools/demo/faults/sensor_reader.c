/* Reads a sensor that is not there: a null pointer, three calls deep. */
#include <stdio.h>

struct sensor {
    int channel;
    double last_value;
};

static double read_value(const struct sensor *sensor) { return sensor->last_value; }

static double poll_channel(const struct sensor *sensors, int count, int channel) {
    const struct sensor *found = NULL;
    for (int i = 0; i < count; i++)
        if (sensors[i].channel == channel)
            found = &sensors[i];
    return read_value(found);
}

int main(void) {
    const struct sensor sensors[] = {{1, 20.5}, {2, 21.0}};
    fprintf(stderr, "sensor_reader: polling channel 7\n");
    printf("%f\n", poll_channel(sensors, 2, 7));
    return 0;
}
