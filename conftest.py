"""Start nbval's kernels in the course's environment, and let it compare plots too."""

from course.environment.kernel import prepare_kernel_environment
from course.notebooks.compare_pictures import compare_pictures_too

prepare_kernel_environment()
compare_pictures_too()
