package dev.diptych.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The floors of the house: kernels ← tensor ← autograd ← clip ← bench, read from the bytecode. */
class HouseTest {
  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.diptych");

  @Test
  void aFloorSeesOnlyTheFloorsBelowIt() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("kernels")
        .definedBy("dev.diptych.kernels..")
        .layer("tensor")
        .definedBy("dev.diptych.tensor..")
        .layer("autograd")
        .definedBy("dev.diptych.autograd..")
        .layer("clip")
        .definedBy("dev.diptych.clip..")
        .layer("bench")
        .definedBy("dev.diptych.bench..")
        .whereLayer("bench")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("clip")
        .mayOnlyBeAccessedByLayers("bench")
        .whereLayer("autograd")
        .mayOnlyBeAccessedByLayers("clip", "bench")
        .whereLayer("tensor")
        .mayOnlyBeAccessedByLayers("autograd", "clip", "bench")
        .whereLayer("kernels")
        .mayOnlyBeAccessedByLayers("tensor", "autograd", "clip", "bench")
        .check(HOUSE);
  }

  @Test
  void onlyKernelsKnowVectorsAndCuda() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.diptych.tensor..", "dev.diptych.autograd..", "dev.diptych.clip..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jdk.incubator.vector..", "jcuda..")
        .check(HOUSE);
  }

  @Test
  void noCyclesAmongTheKernels() {
    slices().matching("dev.diptych.kernels.(*)..").should().beFreeOfCycles().check(HOUSE);
  }

  @Test
  void nobodyUsesUnsafe() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("sun.misc..", "jdk.internal..")
        .check(HOUSE);
  }
}
