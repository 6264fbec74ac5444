// SPDX-License-Identifier: Apache-2.0
// Gives a fuzz target the empty input and then every file of the folder named, once. It stands in for libFuzzer in the
// ordinary test run and needs no clang. A corpus that cannot be read, or holds nothing, is a failure.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static int replay_file(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	long size = ftell(file);
	rewind(file);
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	int result = LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return result;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	if (!folder) {
		fprintf(stderr, "usage: %s FOLDER (a readable corpus)\n", argv[0]);
		return 2;
	}
	static const uint8_t nothing[1];
	int bad = LLVMFuzzerTestOneInput(nothing, 0), inputs = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		bad |= replay_file(argv[1], entry->d_name);
		inputs++;
	}
	closedir(folder);
	printf("%d inputs\n", inputs);
	return bad || inputs == 0;
}
